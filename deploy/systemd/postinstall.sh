#!/bin/sh
# Makes the account and its folder, and lets it read its settings. Starts nothing: there is nothing to start before the settings are written.
set -e
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers stepup.conf
elif ! getent passwd stepup >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/stepup --no-create-home --shell /usr/sbin/nologin stepup
fi
chgrp stepup /etc/stepup /etc/stepup/stepup.env
chmod 750 /etc/stepup
# Commands of the administration may come before the first start of the unit, which makes it otherwise.
if [ ! -e /var/lib/stepup ]; then
	mkdir -m 700 /var/lib/stepup
	chown stepup:stepup /var/lib/stepup
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart stepup.service # an upgrade, while it runs
fi
if [ ! -e /etc/stepup/master.key ]; then
	echo "stepup is installed and not started. Write /etc/stepup/stepup.env, then type: systemctl enable --now stepup"
fi
