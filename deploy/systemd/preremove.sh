#!/bin/sh
# Stops the server when the package goes, not when a newer one comes. The database, the keys and the account stay.
set -e
case "$1" in
remove | 0)
	if [ -d /run/systemd/system ]; then systemctl disable --now stepup.service; fi
	;;
esac
