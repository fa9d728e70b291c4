#!/bin/sh
# Lets bubblewrap have user namespaces, as root: Ubuntu 24.04 refuses them to programs without an AppArmor profile.
# Without this, grading takes the tier "confined".
set -eu
if ! command -v bwrap >/dev/null; then
    apt-get install --yes --no-install-recommends bubblewrap >/dev/null
fi
if [ -d /etc/apparmor.d ] && command -v apparmor_parser >/dev/null; then
    cat >/etc/apparmor.d/bwrap <<'PROFILE'
abi <abi/4.0>,
include <tunables/global>
profile bwrap /usr/bin/bwrap flags=(unconfined) {
  userns,
  include if exists <local/bwrap>
}
PROFILE
    apparmor_parser --replace /etc/apparmor.d/bwrap
fi
