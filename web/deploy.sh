#!/usr/bin/env bash
# Sends the built page (web/app/dist) to the bucket of a stack with WebPage=enabled,
# with the config.json that the stack says (docs/web.md): deploy.sh STACK. It needs the
# AWS CLI and Node, and a role that may cloudformation:DescribeStacks the stack, and
# s3:PutObject and s3:ListBucket the page's bucket.
set -euo pipefail
stack="${1:?say which stack: deploy.sh STACK}"
cd "$(dirname "$0")/app/dist"
if [ ! -f index.html ] || [ -e config.json ]; then
	echo "web: web/app/dist is no built page; make page builds it" >&2
	exit 1
fi

output() {
	aws cloudformation describe-stacks --stack-name "$stack" \
		--query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue | [0]" --output text
}
bucket="$(output WebBucketName)"
config="$(output WebConfig)"
if [ "$bucket" = None ] || [ "$config" = None ]; then
	echo "web: the stack $stack serves no page; deploy it with WebPage=enabled" >&2
	exit 1
fi
node -e 'JSON.parse(process.argv[1])' "$config"

# What is named by its hash goes first and is never deleted here: whoever has the last
# page open still loads its parts. The document goes last, and is the new page.
aws s3 sync --no-follow-symlinks --cache-control 'public, max-age=31536000, immutable' assets "s3://$bucket/assets"
aws s3 sync --no-follow-symlinks --cache-control no-cache --exclude 'assets/*' --exclude index.html . "s3://$bucket"
printf '%s\n' "$config" | aws s3 cp --cache-control no-cache --content-type application/json - "s3://$bucket/config.json"
aws s3 cp --cache-control no-cache --content-type 'text/html; charset=utf-8' index.html "s3://$bucket/index.html"
echo "sent to $(output WebUrl)"
