import ReplicaStore
import TableModel
import Testing

@testable import CurlTransport
@testable import Following

/// What a follower says and does about upstreams that cannot be followed.
@Suite struct FollowerMachineTests {
    private func refused(_ fixture: SessionFixture, _ lines: [String]) -> String? {
        fixture.connect()
        guard !fixture.send(lines) else { return nil }
        return fixture.session.trouble?.text
    }

    @Test(
        "a loop, an upstream too far away, another release, another table and a part are refused, each with what to do"
    )
    func refusals() {
        let upstream = UpstreamModel()
        #expect(
            refused(SessionFixture(), [UpstreamModel.source(["a", "me"])])
                == "http://one follows this replica, directly or through others: a loop. Give --follow a replica that does not"
        )
        #expect(
            refused(SessionFixture { $0.maximumDepth = 1 }, [UpstreamModel.source(["a", "b"])])
                == "http://one is 2 replicas away from the stream, and --follow-max-depth is 1: follow one that is nearer, "
                + "or raise it"
        )
        #expect(
            refused(SessionFixture(), [UpstreamModel.source(version: 2)])
                == "http://one speaks version 2 of the followers' feed, and this release 1: run one release on both"
        )
        #expect(
            refused(SessionFixture(table: "mine"), [UpstreamModel.source(), upstream.contents(table: "theirs")])
                == "http://one has the table 'theirs', and --table names 'mine'"
        )
        #expect(
            refused(SessionFixture(), [UpstreamModel.source(), upstream.contents(isPartial: true)])
                == "http://one shows a part of its keys only. Give --follow-partial if that is what you want"
        )
    }

    @Test("once contents are shown, those of another table are refused; a name or an ARN names the table")
    func pinned() {
        let upstream = UpstreamModel()
        _ = upstream.put("a", 1)
        for table in ["orders", "arn:aws:dynamodb:eu-west-1:1:table/orders"] {
            let fixture = SessionFixture(table: table)
            fixture.connect()
            #expect(fixture.send(upstream.load()))
        }
        let fixture = SessionFixture()
        fixture.connect()
        #expect(fixture.send(upstream.load()))
        fixture.breakOff()
        fixture.connect()
        #expect(!fixture.send(UpstreamModel.source(), upstream.contents(table: "theirs")))
        #expect(fixture.session.trouble?.text == "http://two has the table 'theirs', and this replica holds 'orders'")
        #expect(fixture.value("a") != nil)
    }

    @Test("a part does not continue all keys, and all keys do not continue a part: everything is read again")
    func mixture() {
        let upstream = UpstreamModel()
        let put = upstream.put("a", 1)
        let fixture = SessionFixture { $0.isPartial = true }
        fixture.connect()
        #expect(fixture.send(upstream.load()))
        fixture.breakOff()
        for isMoved in [false, true] {
            #expect(fixture.connect().since != nil)
            let moved = #"{"event":"moved","from":"leaderaa.1","overlap_s":10}"#
            let lines =
                [UpstreamModel.source(), upstream.contents(isPartial: true)]
                + (isMoved ? [moved, upstream.contents(isPartial: true)] : []) + [upstream.put("b\(isMoved)", 1)]
            #expect(!fixture.send(lines))
            #expect(
                fixture.session.trouble?.text.contains(
                    "shows a part of its keys, and this replica holds all of them: loading again"
                ) == true
            )
            fixture.breakOff()
            #expect(fixture.connect().since == nil)
            #expect(fixture.send(upstream.load()))
            fixture.breakOff()
        }
        #expect(!put.isEmpty)
    }

    @Test("a table is first known by its name and then by its ARN, whichever upstream tells it")
    func pinnedByName() {
        func contents(_ upstream: UpstreamModel, arn: String?) -> String {
            upstream.contents().replacing(
                #""stream_arn":"arn:x""#,
                with: #""stream_arn":\#(arn.map { "\"\($0)\"" } ?? "null")"#
            )
        }
        let upstream = UpstreamModel()
        _ = upstream.put("a", 1)
        let fixture = SessionFixture()
        fixture.connect()
        var lines = upstream.load()
        lines[2] = contents(upstream, arn: nil)
        #expect(fixture.send(lines))
        let arn = "arn:aws:dynamodb:eu-west-1:1:table/orders"
        for known in ["\(arn)/stream/x", nil, "\(arn)/stream/y"] {
            fixture.breakOff()
            fixture.connect()
            #expect(fixture.send(UpstreamModel.source(), contents(upstream, arn: known), upstream.bookmark()))
        }
        fixture.breakOff()
        fixture.connect()
        let other = contents(upstream, arn: "arn:aws:dynamodb:us-east-1:1:table/orders/stream/x")
        #expect(!fixture.send(UpstreamModel.source(), other))
        #expect(fixture.session.trouble?.text.contains("and this replica holds '\(arn)'") == true)
    }

    @Test("a part is followed where that is asked for, without a digest")
    func partial() {
        let upstream = UpstreamModel()
        let put = upstream.put("a", 1)
        let fixture = SessionFixture { $0.isPartial = true }
        fixture.connect()
        let mark =
            #"{"event":"ready","position":"leaderaa.1","lag_ms":1,"items":null,"state":"live","reason":"x","horizon":"0"}"#
        #expect(fixture.send(UpstreamModel.source(), upstream.contents(isPartial: true), put, mark))
        #expect(fixture.value("a") != nil)
        #expect(fixture.session.counts.comparisons == 0)
        // Its positions mean nothing elsewhere, and the keys that the token sees may be others at the next connection.
        #expect(fixture.store.snapshot?.position.epoch != upstream.epoch)
        #expect(fixture.store.snapshot?.position.watermarks == nil)
        fixture.breakOff()
        #expect(fixture.connect().since == nil)
    }

    @Test("a chain that grows into a loop later is refused then")
    func lateLoop() {
        let fixture = SessionFixture(upstreams: ["http://one"])
        fixture.connect()
        #expect(fixture.send(UpstreamModel.source(["a"]), #"{"event":"busy","reason":"syncing","detail":"scanning"}"#))
        #expect(fixture.session.chain == ["a"])
        #expect(!fixture.send(UpstreamModel.source(["a", "me"])))
        #expect(fixture.session.trouble?.kind == .unusable)
    }

    @Test(
        "a response that is no feed is told with its status, its problem and what to do",
        arguments: [
            (
                401, "application/problem+json", #"{"detail":"A token is needed."}"#,
                "Give its token with --follow-token-file"
            ),
            (403, "application/problem+json", #"{"detail":"Not for you."}"#, "answered 403: Not for you."),
            (404, "text/html", "<html>", "Is it the address of a Tablecast service?"),
            (503, "application/problem+json", #"{"title":"Busy"}"#, "answered 503: Busy"),
            (200, "text/html; charset=utf-8", "<html>", "answered with text/html; charset=utf-8 and no feed"),
            (302, "text/html", "", "redirects to nowhere: give --follow that address"),
        ]
    )
    func responses(status: Int, type: String, body: String, expected: String) {
        let fixture = SessionFixture()
        fixture.connect(status: status, type: type)
        #expect(Array(body.utf8).withUnsafeBytes { fixture.session.receive($0, at: .zero) })
        fixture.breakOff()
        #expect(fixture.session.trouble?.text.contains(expected) == true, "\(fixture.session.trouble?.text ?? "none")")
    }

    @Test("it goes through the list, and waits longer after each round; what works is kept")
    func order() {
        let fixture = SessionFixture(upstreams: ["http://a", "http://b", "http://c"])
        var asked: [String] = []
        var waits: [Duration] = []
        for _ in 0..<30 {
            asked.append(fixture.connect().upstream)
            waits.append(fixture.breakOff(.failed(.outOfMemory), fraction: 1))
        }
        #expect(asked.prefix(4) == ["http://a", "http://b", "http://c", "http://a"])
        #expect(waits[0] == FollowingLimits().firstPause)
        #expect(waits[3] == FollowingLimits().firstPause * 2)
        #expect(waits.last == FollowingLimits().longestPause)
        let upstream = UpstreamModel()
        _ = upstream.put("a", 1)
        fixture.connect()
        #expect(fixture.send(upstream.load()))
        #expect(fixture.session.upstream == "http://a")
        // One that fails soon after a bookmark is not asked at once each time; one that was followed for a while is.
        #expect(fixture.breakOff(.failed(.outOfMemory), fraction: 1) == FollowingLimits().longestPause)
        for _ in 0..<3 {
            let request = fixture.connect()
            guard request.upstream == "http://a" else {
                fixture.breakOff(.failed(.outOfMemory))
                continue
            }
            #expect(fixture.send(UpstreamModel.source(), upstream.contents()))
            fixture.now += FollowingLimits().steadyAfter
            #expect(fixture.send(upstream.bookmark()))
        }
        #expect(fixture.breakOff(.failed(.outOfMemory), fraction: 1) == FollowingLimits().firstPause)
    }

    @Test("after a goodbye the next one is asked within a short random time, and the same one when it asked to")
    func goodbye() {
        let line = #"{"event":"bye","reason":"draining","retry_ms":4000}"#
        let upstream = UpstreamModel()
        _ = upstream.put("a", 1)
        let several = SessionFixture()
        several.connect()
        #expect(several.send(upstream.load() + [line]))
        #expect(several.breakOff(fraction: 0.5) == FollowingLimits().goodbyeSpread / 2)
        #expect(several.session.trouble?.text == "http://one said goodbye (draining)")
        let one = SessionFixture(upstreams: ["http://one"])
        one.connect()
        #expect(one.send(upstream.load() + [line]))
        #expect(one.breakOff(fraction: 0.5) == .seconds(4))
        // One that says goodbye before it has proved anything is asked more and more rarely.
        let rude = SessionFixture()
        var waits: [Duration] = []
        for _ in 0..<14 {
            rude.connect()
            #expect(rude.send(UpstreamModel.source(), line))
            waits.append(rude.breakOff(fraction: 1))
        }
        #expect(waits == waits.sorted())
        #expect(waits.last == FollowingLimits().longestPause)
    }

    @Test("a stream without a whole line for too long is given up; before contents it may take longer")
    func silence() {
        let upstream = UpstreamModel()
        _ = upstream.put("a", 1)
        let fixture = SessionFixture()
        let limits = FollowingLimits()
        fixture.connect()
        fixture.now = limits.silence
        #expect(!fixture.session.isSilent(at: fixture.now))
        #expect(fixture.send(upstream.load()))
        fixture.now += limits.silence - .milliseconds(1)
        #expect(!fixture.session.isSilent(at: fixture.now))
        // Half a line is none.
        let half = Array(#"{"event":"book"#.utf8)
        #expect(half.withUnsafeBytes { fixture.session.receive($0, at: fixture.now) })
        fixture.now += .milliseconds(1)
        #expect(fixture.session.isSilent(at: fixture.now))
        fixture.breakOff(.stopped)
        #expect(fixture.session.trouble?.text == "http://one has sent no whole line for 10 s")
        #expect(fixture.store.snapshot != nil)
    }
}
