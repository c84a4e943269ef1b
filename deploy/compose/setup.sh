#!/bin/sh
# Makes the keys, certificates and passwords that compose.yaml reads, in ./made. What is there already is kept.
# Run it as root: the user of the containers has to own its keys.
# STEPUP names the command: a stepup binary by default, else for example "docker run --rm --user 0 -v $PWD/made:$PWD/made stepup:1.0.0".
set -eu
cd "$(dirname "$0")"
[ "$(id -u)" = 0 ] || {
	echo "run it as root (sudo $0): the user of the containers has to own its keys" >&2
	exit 1
}
stepup=${STEPUP:-stepup}
mkdir -p made
chmod 700 made
made=$PWD/made
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

if [ ! -e made/master.key ]; then
	$stepup keys master >made/new
	mv made/new made/master.key
fi
[ -e made/signer.kek ] || $stepup wallet key "$made/signer.kek"
[ -e made/guardian.kek ] || $stepup wallet key "$made/guardian.kek"
if [ ! -e made/certs ]; then
	$stepup wallet init "$made/certs.new" --host issuer --host wallet --host signer --host guardian
	mv made/certs.new/ca.key made/ca.key
	mv made/certs.new made/certs
fi
if [ ! -e made/databases.sql ]; then
	random >made/postgres.password
	issuer=$(random)
	wallet=$(random)
	echo "postgres://stepup:$issuer@database/stepup?sslmode=disable" >made/issuer.database
	echo "postgres://wallet:$wallet@database/wallet?sslmode=disable" >made/wallet.database
	cat >made/databases.sql <<-END
		CREATE ROLE stepup LOGIN PASSWORD '$issuer';
		CREATE DATABASE stepup OWNER stepup;
		CREATE ROLE wallet LOGIN PASSWORD '$wallet';
		CREATE DATABASE wallet OWNER wallet;
	END
fi
[ -e made/smtp.url ] || echo "smtp://mail:1025" >made/smtp.url
# 65532 is the user of the image. What PostgreSQL reads, it reads as another one; the folder around it is closed to all.
chown 65532:65532 made/*.* made/certs/*
chmod 600 made/*.* made/certs/*
chmod 644 made/databases.sql made/postgres.password
[ ! -e made/ca.key ] || chown root:root made/ca.key
echo "Made in $made. Copy it to where no backup goes, and take ca.key away: whoever has it can be any role."
