"""POST /files by boto3, as a Lambda function: what create-upload does, in short.

It checks the request, presigns the one PUT with the same headers signed, writes the
record, its events and its counts in one transaction, and logs a line. What it leaves out
of the original (the policy's other rules, Idempotency-Key, problem details) is in its
favour.

Beside the handler there is the least of runtimes, over http.client: AWS's own
(awslambdaric, with an extension in C) is on PyPI alone. This one does less, which is in
Python's favour too.
"""
import base64
import datetime
import http.client
import json
import logging
import os
import sys
import uuid

import boto3
from botocore.config import Config

ALLOWED = {"image/png", "image/jpeg", "application/pdf", "text/plain"}
LARGEST = 5 << 30
LIFE = 900  # seconds

bucket = os.environ["FILES_BUCKET"]
keeping = "FILES_TABLE" in os.environ  # or it gives out a URL and remembers nothing
s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
table = boto3.client("dynamodb") if keeping else None
log = logging.getLogger()
logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(message)s")
log.setLevel(logging.INFO)
logging.getLogger("botocore").setLevel(logging.WARNING)


def handler(event, context):
    owner = event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"]
    ask = json.loads(event["body"])
    name, kind, size, checksum = ask["filename"], ask["contentType"], ask["size"], ask.get("checksumSHA256")
    if not isinstance(name, str) or not 0 < len(name) <= 255 or "/" in name:
        return problem(422, "invalid-filename")
    if kind not in ALLOWED:
        return problem(422, "content-type-refused")
    if not isinstance(size, int) or not 0 < size <= LARGEST:
        return problem(422, "invalid-size")
    if checksum is not None and len(base64.b64decode(checksum, validate=True)) != 32:
        return problem(422, "invalid-checksum")

    file_id = str(uuid.uuid4())
    key = f"files/{uuid.uuid5(uuid.NAMESPACE_OID, owner).hex}/{file_id}"
    put = {"Bucket": bucket, "Key": key, "ContentType": kind, "ContentLength": size, "IfNoneMatch": "*"}
    headers = {"Content-Type": kind, "Content-Length": str(size), "If-None-Match": "*"}
    if checksum is not None:
        put["ChecksumSHA256"] = headers["X-Amz-Checksum-Sha256"] = checksum
    url = s3.generate_presigned_url("put_object", Params=put, ExpiresIn=LIFE)

    now = datetime.datetime.now(datetime.timezone.utc)
    ends = now + datetime.timedelta(seconds=LIFE)
    if keeping:
        table.transact_write_items(TransactItems=items(file_id, owner, key, ask, now, ends))
    created = stamp(now)
    log.info(json.dumps({"msg": "the call was answered", "fileId": file_id, "status": 201}))
    return {
        "statusCode": 201,
        "headers": {"Content-Type": "application/json", "Cache-Control": "no-store", "Location": "/files/" + file_id},
        "body": json.dumps({
            "id": file_id, "status": "pending", "method": "put", "filename": name, "contentType": kind, "size": size,
            "checksumSHA256": checksum, "createdAt": created, "updatedAt": created,
            "upload": {"method": "PUT", "url": url, "headers": headers, "expiresAt": stamp(ends)},
        }),
    }


def items(file_id, owner, key, ask, now, ends):
    """The record, the two counts of its owner and the two events of it."""
    s, n = (lambda v: {"S": v}), (lambda v: {"N": str(v)})
    record = {
        "id": s(file_id), "owner": s(owner), "listedOwner": s(owner), "statusId": s("pending#" + file_id), "filename": s(ask["filename"]),
        "method": s("put"), "contentType": s(ask["contentType"]), "size": n(ask["size"]), "status": s("pending"), "objectKey": s(key),
        "createdAt": s(stamp(now)), "updatedAt": s(stamp(now)), "uploadExpiresAt": s(stamp(ends)), "sweepShard": s(file_id[-1]),
        "sweepAt": n(int(ends.timestamp()) + 3600), "counted": s("owner"), "revision": n(1),
    }
    if ask.get("checksumSHA256"):
        record["checksumSHA256"] = s(ask["checksumSHA256"])
    writes = [
        {"Put": {"TableName": os.environ["FILES_TABLE"], "Item": record, "ConditionExpression": "attribute_not_exists(id)"}},
        {"Update": {
            "TableName": os.environ["USAGE_TABLE"], "Key": {"account": s(owner)},
            "UpdateExpression": "ADD #b :b, #f :one, #p :one, #r :one SET #s = :s",
            "ConditionExpression": "(attribute_not_exists(#b) OR #b <= :room) AND (attribute_not_exists(#f) OR #f <= :files)",
            "ExpressionAttributeNames": {"#b": "bytes", "#f": "files", "#p": "pending", "#r": "revision", "#s": "subject"},
            "ExpressionAttributeValues": {":b": n(ask["size"]), ":one": n(1), ":s": s(owner), ":room": n(10 ** 12), ":files": n(10 ** 6)},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }},
        {"Update": {
            "TableName": os.environ["USAGE_TABLE"], "Key": {"account": s(owner + "#" + now.date().isoformat())},
            "UpdateExpression": "ADD #u :one SET #e = :e", "ConditionExpression": "attribute_not_exists(#u) OR #u <= :most",
            "ExpressionAttributeNames": {"#u": "uploads", "#e": "expiresAt"},
            "ExpressionAttributeValues": {":one": n(1), ":e": n(int(now.timestamp()) + 691200), ":most": n(9999)},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }},
    ]
    for action in ("status-changed", "upload-presigned"):
        writes.append({"Put": {"TableName": os.environ["HISTORY_TABLE"], "Item": {
            "fileId": s(file_id), "id": s(str(uuid.uuid4())), "at": s(stamp(now)), "actor": s(owner), "action": s(action),
            "owner": s(owner), "purgeAt": n(int(now.timestamp()) + 34560000),
        }}})
    return writes


def stamp(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S.") + f"{t.microsecond // 1000:03d}Z"


def problem(status, code):
    return {"statusCode": status, "headers": {"Content-Type": "application/problem+json"},
            "body": json.dumps({"type": "urn:vouch:problem:" + code, "status": status})}


def serve():
    """Asks for work and answers it ("Lambda runtime API", AWS Lambda Developer Guide)."""
    runtime = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        runtime.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = runtime.getresponse()
        event, request_id = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
        reply = json.dumps(handler(event, None))
        runtime.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", reply)
        runtime.getresponse().read()


if __name__ == "__main__":
    serve()
