#!/bin/sh
psql -Atc "select version()"
