#!/bin/sh
# Makes the secrets of docker-compose.yml, in the folder secrets beside this file, if they are not
# there yet: a CA, the certificate of the nodes, a user with a new password, the token of the admin
# port, and Grafana's password. It prints the passwords.
#
#   secrets.sh <user> [<command of slabring>]      default: slabring
set -eu
user=${1:?Usage: secrets.sh <user> [<command of slabring>]}
shift
[ $# -gt 0 ] || set -- slabring
cd "$(dirname "$0")"
# The files are readable for the users of the images; nobody else reaches this folder.
umask 022
mkdir -p secrets
chmod 0700 secrets
cd secrets
password() { openssl rand -base64 24 | tr -d '\n'; }

if [ ! -e ca.crt ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj '/CN=slabring CA' -keyout ca.key -out ca.crt 2>/dev/null
  chmod 0600 ca.key
fi
if [ ! -e node.crt ]; then
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=slabring' \
    -keyout node.key -out node.csr 2>/dev/null
  echo 'subjectAltName=DNS:node-1,DNS:node-2,DNS:node-3,DNS:localhost,IP:127.0.0.1' >node.ext
  openssl x509 -req -in node.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
    -extfile node.ext -out node.crt 2>/dev/null
  rm node.csr node.ext
  chmod 0444 node.key
fi
if [ ! -e users ]; then
  secret=$(password)
  echo "$secret" | "$@" user add "$user" -Y users --password-stdin >/dev/null
  chmod 0444 users
  echo "The password of $user: $secret"
fi
[ -e admin-token ] || openssl rand -hex 32 >admin-token
if [ ! -e grafana-password ]; then
  password >grafana-password
  echo "The password of Grafana's user admin: $(cat grafana-password)"
fi
