"""What a schema cannot say of a request that is to be accepted: which keys, cursors and attributes there are. Loaded by schemathesis.

Only requests that are meant to be valid are changed, and only where the description leaves the choice to the table. What is meant to
be refused stays as it was generated; but no stream may be endless, and no answer may depend on how loaded the machine is.
"""

import base64
import json
import os
import re
import urllib.parse
import urllib.request

import schemathesis

# {"url": …, "keys": [{"id": …}, …], "key": ["id"] or ["id", "at"]}
FACTS = json.loads(os.environ["TABLECAST_CONTRACT"])
PREDICATE = f"exists({FACTS['key'][0]})"
SORT = ("sk", "sk_prefix", "sk_from", "sk_to")
# A `timeout` that is in order: a stream would last so long. Others are refused, and stay as they are.
LASTING = re.compile(r"[0-9]+(ms|s|m|h)")
# Some way below what a request line may have.
LONGEST_QUERY = 15_000
# A stream may ask for more changes than a page.
LONGEST_PAGE = 10_000
LIST = ("where", "order", "limit", "cursor", "pk", *SORT)


def real_cursor(path, query):
    """A cursor that the service gives for this very query, or None when one page holds everything."""
    parameters = {name: value for name, value in query.items() if name != "cursor"} | {"limit": 1}
    target = FACTS["url"] + path + "?" + urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(target, timeout=10) as answer:
        return json.load(answer).get("next")


def choose_keys(case, query):
    """Real keys in the path and in the query, and no two parameters that exclude each other."""
    key = FACTS["keys"][0]
    names = FACTS["key"]
    for place, name in zip(("pk", "sk"), names):
        if place in (case.path_parameters or {}):
            case.path_parameters[place] = key[name]
    if "pk" in query:
        query["pk"] = key[names[0]]
    is_partition = case.operation.path.endswith("/{pk}")
    has_range = len(names) == 2 and ("pk" in query or is_partition)
    chosen = next((name for name in SORT if name in query), None)
    for name in SORT:
        if name in query and not (has_range and name == chosen):
            del query[name]
        elif name in query:
            query[name] = key[names[1]]
    if chosen == "sk" and has_range:
        for name in ("where", "order", "limit", "cursor"):
            query.pop(name, None)
    elif is_partition or case.operation.path == "/v1/items":
        # A list; on a table without a sort key the path is an item.
        if len(names) == 2 or not is_partition:
            query.pop("until", None)


def encode_keys(case, query):
    """In base64url all keys are written in it: those of these tables have the type S."""
    if query.get("key_encoding") != "base64url":
        return
    for place in ("pk", "sk"):
        if place in (case.path_parameters or {}):
            case.path_parameters[place] = base64url(case.path_parameters[place])
    for name in ("pk", *SORT):
        if name in query:
            query[name] = base64url(query[name])


def base64url(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def one_item(case, query):
    """`/v1/items/{pk}` is one item or a list, by the table; each takes its own parameters."""
    if not case.operation.path.endswith("/{pk}"):
        return
    if len(FACTS["key"]) == 1:
        for name in LIST:
            query.pop(name, None)


def one_kind_of_feed(case, query):
    """Parameters of a stream are none of a page's; a difference needs every step; a position is one of this very replica."""
    if case.operation.path == "/v1/changes":
        for name in ("timeout", "heartbeat", "batch_ms"):
            query.pop(name, None)
        if "since" in query:
            query["since"] = "0"
        if "limit" in query:
            query["limit"] = min(int(query["limit"]), LONGEST_PAGE)
        # A follower's feed is a stream, and takes nothing of what chooses items.
        if query.get("mode") == "replica":
            query["mode"] = "latest"
    if case.operation.path in ("/v1/changes", "/v1/events") and query.get("diff", "none") != "none":
        query["mode"] = "all"


@schemathesis.hook
def filter_case(ctx, case):
    """Leaves out two kinds of request that the description cannot speak of.

    An item may be named `batch-get`: that path takes GET as the item's, which `/v1/items/{pk}` describes, and its Allow says so.
    And several parameters, each too long, make a request line that no operation gets to see: it is 414 whatever the path.
    """
    if case.method == "OPTIONS" and case.operation.path == "/v1/items/batch-get":
        return False
    query = {name: str(value) for name, value in (case.query or {}).items()}
    return len(urllib.parse.urlencode(query, errors="replace")) < LONGEST_QUERY


@schemathesis.hook
def before_call(ctx, case, kwargs):
    query = case.query if case.query is not None else {}
    if "max_lag" in query and case.meta is not None and case.meta.generation.mode.is_positive:
        query["max_lag"] = "999m"
    if case.operation.path == "/v1/events" and LASTING.fullmatch(str(query.get("timeout", "1s"))):
        query["timeout"] = "50ms"
        case.query = query
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    choose_keys(case, query)
    one_item(case, query)
    one_kind_of_feed(case, query)
    encode_keys(case, query)
    if case.operation.path == "/v1/tickets" and isinstance(case.body, dict) and "url" in case.body:
        # The schema cannot say which parameters a stream has, nor that a URL is for reusable tickets only.
        case.body |= {"reusable": True, "url": "events?" + urllib.parse.urlencode({"where": PREDICATE})}
    for name in ("where", "until"):
        if name in query:
            query[name] = PREDICATE
    if "fields" in query:
        query["fields"] = FACTS["key"][0]
    if "cursor" in query:
        cursor = real_cursor(case.formatted_path, query)
        if cursor is None:
            del query["cursor"]
        else:
            query["cursor"] = cursor
    for name in list(case.headers or {}):
        # A condition that fails is an answer too, and has tests of its own; here the request is to be answered in full.
        if name.lower() in ("if-match", "if-none-match", "if-modified-since"):
            del case.headers[name]
    if isinstance(case.body, dict) and "keys" in case.body:
        case.body["keys"] = FACTS["keys"][: max(1, len(case.body["keys"]))]
