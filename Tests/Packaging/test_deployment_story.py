"""A deployment as the documents describe one: the image, roles, two replicas behind haproxy, a rollout, an outage of AWS, a rotation.

Requests and a subscriber go through haproxy all the while. What they saw is judged at the end of each chapter."""

import contextlib
import os
import time

import deployment
import pytest
from support import peers
from support.credentials import Bare
from support.following import status
from support.iam import User, make_web_role, secrets, trust_instead, web_token
from support.processes import looks, wait_for
from support.tables import create_table
from traffic import Follower, Reader, Writer, key_of

# The fixtures may build the image. An outage of ten minutes is worth a try now and then: STORY_OUTAGE=600.
pytestmark = pytest.mark.timeout(2400)
OUTAGE_SECONDS = float(os.environ.get("STORY_OUTAGE", "5"))
SUBJECT = "system:serviceaccount:tablecast:tablecast"
TOKEN, CREDENTIALS = "token", "credentials"
BALANCED = {"TABLECAST_READY_WHEN": "serving", "TABLECAST_DRAIN_DELAY": "3s", "TABLECAST_TRUSTED_PROXIES": "127.0.0.1"}
# A long outage is that of the documents, with the default; in a short one the replicas have to be stale soon.
QUICK = {"TABLECAST_MAX_LAG": "1s"} if OUTAGE_SECONDS < 60 else {}


class Story:
    """The whole deployment, and what has been measured of it."""

    def __init__(self, root, stage, folder, strict, clock):
        self.strict, self.clock, self.client = strict, clock, strict.client()
        self.table = create_table(self.client)
        self.role, self.user = make_web_role(strict, SUBJECT), User(strict)
        self.key = self.user.make_key()
        web = {"AWS_ROLE_ARN": self.role, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{deployment.SECRETS}/{TOKEN}"}
        files = {"AWS_SHARED_CREDENTIALS_FILE": f"{deployment.SECRETS}/{CREDENTIALS}"}
        self.replicas = []
        for name, own in (("one", web), ("two", files)):
            settings = Bare(strict, **own).settings(TABLECAST_TABLE=self.table, **BALANCED, **QUICK)
            self.replicas.append(deployment.Replica(name, root, stage, folder / name, settings))
        self.one, self.two = self.replicas
        self.one.put_secret(TOKEN, web_token(SUBJECT))
        self.put_key(self.key)
        self.balancer = deployment.Balancer(folder, self.replicas)
        self.writer = Writer(self.client, self.table)
        self.readers = [Reader(self.balancer.port, keeps) for keeps in (False, False, True, True)]
        self.follower = Follower(self.balancer.port)

    def put_key(self, key):
        text = f"[default]\naws_access_key_id = {key['AccessKeyId']}\naws_secret_access_key = {key['SecretAccessKey']}\n"
        self.two.put_secret(CREDENTIALS, text)

    @contextlib.contextmanager
    def running(self):
        """Replicas that are ready, a balancer that knows it, and traffic."""
        with contextlib.ExitStack() as stack:
            self.writer.put()
            for replica in self.replicas:
                stack.callback(replica.end)
                replica.start()
            for replica in self.replicas:
                replica.wait_until_ready()
            stack.enter_context(self.balancer)
            for replica in self.replicas:
                self.balancer.wait_for(replica.name, "UP")
            for worker in (self.writer, *self.readers, self.follower):
                stack.enter_context(worker)
            wait_for(lambda: self.follower.is_ready, 20, lambda: f"the first events: {self.follower.failures}")
            yield self

    def judge(self, chapter):
        """Nothing failed; both replicas and the subscriber have every write."""
        for replica in self.replicas:
            replica.wait_until_ready()
        number = self.writer.put()
        for replica in self.replicas:
            replica.wait_for_item(key_of(number))
        wait_for(lambda: number in self.follower.seen, 20, lambda: f"{number} at the subscriber, {self.follower.failures}")
        with self.writer.quiet():
            last = key_of(self.writer.written - 1)
            for replica in self.replicas:
                replica.wait_for_item(last)
                replica.equals(self.client, self.table)
        served = [reader.served for reader in self.readers]
        wait_for(lambda: all(reader.served > before for reader, before in zip(self.readers, served)), 20, "readers that go on")
        assert [failure for worker in self.workers for failure in worker.failures] == []
        slowest = max(reader.slowest for reader in self.readers)
        told = f"{sum(served)} reads, slowest {slowest:.3f} s, {self.follower.events} events, resets {self.follower.resets}"
        print(f"{chapter}: {told}, goodbyes {self.follower.goodbyes}, {self.writer.written} writes")

    @property
    def workers(self):
        return [self.writer, *self.readers, self.follower]


@pytest.fixture(scope="module")
def story(root, stages, logs, tmp_path_factory):
    clock = peers.Clock(logs / "story-clock")
    folder = tmp_path_factory.mktemp("story")
    with peers.ministack(logs, AUTH="true", **clock.environment()) as strict:
        with Story(root, stages[-1], folder, strict, clock).running() as running:
            yield running


def test_two_replicas_with_roles_of_their_own_serve_behind_haproxy(story):
    sources = [status(replica.service)["aws"]["credentials"]["source"] for replica in story.replicas]
    assert sources == [f"web identity of role {story.role}", "profile default"]
    for replica in story.replicas:
        for hidden in (web_token(SUBJECT), *secrets(story.key)):
            assert hidden not in replica.running.program.output

    def live():
        answer, fields, _ = story.balancer.get(f"/v1/items/{key_of(0)}")
        return (answer, fields["Replica-State"]) == (200, "live")

    wait_for(live, 30, "a live replica behind haproxy")
    story.judge("start")
    assert story.follower.resets == []


def wait_until_positions_carry(replicas):
    """Until every replica began earlier than the positions of each, by --resume-overlap (10 s)."""
    began = time.time()

    def is_old_enough(replica):
        parts = status(replica.service)["position"].split(".")
        return len(parts) == 5 and int(parts[3], 36) / 1000 > began + 10

    for replica in replicas:
        wait_for(
            lambda: is_old_enough(replica),
            60,
            lambda: f"a position of {replica.name} that is old enough: {status(replica.service)['position']}",
        )


def test_a_rollout_fails_no_request_and_loses_no_event(story):
    wait_until_positions_carry(story.replicas)
    follower, before, moves = story.follower, len(story.follower.goodbyes), story.follower.moves
    resets, epochs = len(follower.resets), [status(replica.service)["epoch"] for replica in story.replicas]
    for replica, other in zip(story.replicas, reversed(story.replicas)):
        asked = time.monotonic()
        replica.stop()
        stopped = time.monotonic() - asked
        replica.start()
        took = replica.wait_until_ready()
        # The next one may leave when the balancer has seen that this one is back.
        known = story.balancer.wait_for(replica.name, "UP")
        print(f"{replica.name}: stopped in {stopped:.1f} s, ready in {took:.1f} s, known to haproxy {known:.1f} s later")
        # Its clients stay where they went.
        _, fields, _ = story.balancer.get(f"/v1/items/{key_of(0)}")
        assert fields["Replica-Position"].split(".")[0] == status(other.service)["epoch"]
    story.judge("rollout")
    # Saved state: no scan, the same positions.
    assert [status(replica.service)["epoch"] for replica in story.replicas] == epochs
    # Each of the two was the subscriber's for a while, and the other placed its position.
    assert set(follower.goodbyes[before:]) == {"draining"}
    assert follower.resets[resets:] == []
    assert follower.moves - moves == len(follower.goodbyes) - before


def age(replica):
    return status(replica.service)["lag_ms"] / 1000


def wait_until_stale(replica):
    def look():
        now = status(replica.service)
        return now["state"] == "stale" and now

    return wait_for(look, 60, lambda: f"{replica.name} to be stale: {status(replica.service)}")


def restart_without_aws(story, replica):
    """Replaces a container whose successor has its saved state alone."""
    replica.stop()
    replica.start()
    took = replica.wait_until_ready("serving")
    assert not replica.is_ready("live")
    now = status(replica.service)
    print(f"{replica.name}: restarted, serves after {took:.1f} s: {now['state']} {now['reason_code']}: {now['reason']}")
    assert (now["state"], now["reason_code"]) == ("stale", "saved-state")
    story.balancer.wait_for(replica.name, "UP")


def test_an_outage_of_aws_is_served_through_and_caught_up_with(story):
    failed = []
    before = [status(replica.service) for replica in story.replicas]
    with story.writer.quiet():
        for replica in story.replicas:
            replica.wait_for_item(key_of(story.writer.written - 1))
        earliest = time.monotonic() - max(map(age, story.replicas)) - 5
        with story.strict.program.paused():
            began = time.monotonic()
            for replica in story.replicas:
                now = wait_until_stale(replica)
                print(f"{replica.name}: stale {time.monotonic() - began:.1f} s after AWS went: {now['reason_code']}: {now['reason']}")
                assert not replica.is_ready("live") and replica.is_ready("serving")
            for replica in story.replicas:
                restart_without_aws(story, replica)
            # After both restarts, however long those took.
            for _ in looks(max(5, began + OUTAGE_SECONDS - time.monotonic()), every=0.5):
                # "UP 1/2" is a check that failed once: the balancer still sends requests.
                failed += [(server, state) for server, state in story.balancer.states().items() if not state.startswith("UP")]
            # The true age: the last read that brought a response began before AWS went, and not long before.
            for replica in story.replicas:
                low, told = time.monotonic() - began - 0.1, age(replica)
                assert low <= told <= time.monotonic() - earliest, (replica.name, low, told)
                print(f"{replica.name}: {told:.1f} s old, {time.monotonic() - began:.1f} s after AWS went")
                answer, fields, _ = story.balancer.get(f"/v1/items/{key_of(0)}")
                assert (answer, fields["Replica-State"]) == (200, "stale") and int(fields["Replica-Lag"]) >= low * 1000
            assert story.balancer.get(f"/v1/items/{key_of(0)}?max_lag=1s")[0] == 503
        back = time.monotonic()
        for replica in story.replicas:
            replica.wait_until_ready("live", 60)
            print(f"{replica.name}: live {time.monotonic() - back:.1f} s after AWS came back")
    story.judge("outage")
    assert failed == []
    for replica, then in zip(story.replicas, before):
        now = status(replica.service)
        assert (now["epoch"], now["rebuilds"]) == (then["epoch"], then["rebuilds"])


def test_rotated_secrets_need_no_restart(story):
    one, two, fresh = story.one, story.two, story.user.make_key()
    before = [status(replica.service) for replica in story.replicas]
    story.put_key(fresh)
    story.user.remove(story.key)
    wait_for(lambda: status(two.service)["aws"]["credentials"]["loads"] > before[1]["aws"]["credentials"]["loads"], 60, "the new key")
    number = story.writer.put()
    two.wait_for_item(key_of(number), 60)
    # The role now trusts another subject, which only the new token has. The keys of the old one end with AWS's clock.
    renewed = "system:serviceaccount:tablecast:renewed"
    trust_instead(story.strict, story.role, renewed)
    one.put_secret(TOKEN, web_token(renewed))
    story.clock.set("+61m")
    wait_for(lambda: status(one.service)["aws"]["credentials"]["loads"] > before[0]["aws"]["credentials"]["loads"], 60, "keys of the new token")
    number = story.writer.put()
    for replica in story.replicas:
        replica.wait_for_item(key_of(number), 60)
    story.judge("rotation")
    for replica, then in zip(story.replicas, before):
        now = status(replica.service)
        assert (now["epoch"], now["rebuilds"], now["aws"]["credentials"]["trouble"]) == (then["epoch"], then["rebuilds"], None)
        for hidden in secrets(story.key, fresh):
            assert hidden not in replica.running.program.output

