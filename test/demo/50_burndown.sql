\echo 'BURN-DOWN OF THE CONTRACT''S COMMITMENTS'
\echo
\x on
SELECT * FROM focus_contract_burndown;
\x off
