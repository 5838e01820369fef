import Basics
import CurlTransport
import ReplicaStore
import Replication
import TableModel
import Testing

@testable import Following

/// A session that is fed with lines, and the store that its readers see.
final class SessionFixture {
    let store = ReplicaStore()
    private(set) var session: FollowerSession
    private(set) var news: [FollowerSession.News] = []
    private(set) var published: [Position] = []
    var now: Duration = .zero

    init(
        upstreams: [String] = ["http://one", "http://two"],
        table: String? = nil,
        _ change: (inout FollowingSettings) -> Void = { _ in },
        hears: @escaping (FollowerSession.News) -> Void = { _ in }
    ) {
        var settings = FollowingSettings()
        settings.upstreams = upstreams
        change(&settings)
        let contents = FollowedContents(store: store, limits: StoreLimits())
        let heard = Heard()
        self.heard = heard
        session = FollowerSession(
            settings,
            FollowerMachine.Identity(instance: "me", table: table),
            contents: contents,
            tell: {
                heard.news.append($0)
                hears($0)
            }
        )
    }

    private final class Heard { var news: [FollowerSession.News] = [] }
    private let heard: Heard
    var told: [FollowerSession.News] { heard.news }

    /// Begins a connection whose response is a feed; returns what it asked for.
    @discardableResult
    func connect(status: Int = 200, type: String = "application/x-ndjson") -> FollowerMachine.Request {
        let request = session.connect(at: now)
        let fields = [HTTPField(name: "content-type", value: type)]
        session.receive(ResponseHead(status: status, version: "1.1", fields: fields))
        return request
    }

    /// Gives the session lines, in one piece. False when it wants the connection to end.
    @discardableResult
    func send(_ lines: [String]) -> Bool {
        let bytes = Array(lines.map { $0 + "\n" }.joined().utf8)
        return bytes.withUnsafeBytes { session.receive($0, at: now) }
    }

    @discardableResult
    func send(_ lines: String...) -> Bool { send(lines) }

    /// The connection breaks off; returns the wait.
    @discardableResult
    func breakOff(_ end: StreamedEnd = .complete, fraction: Double = 0.5) -> Duration {
        session.end(end, at: now, fraction: fraction)
    }

    func value(_ id: String) -> String? {
        guard let record = store.snapshot?.record(for: UpstreamModel.key(id)) else { return nil }
        return record.withPackedItem { packed in
            var text: [UInt8] = []
            PackedItem.appendDynamoDBJSON(packed, to: &text)
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// Whether the shown contents are the upstream's, place and all.
    func equals(_ upstream: UpstreamModel) -> Bool {
        guard let mine = store.snapshot else { return false }
        let theirs = upstream.writer.snapshot()
        return mine.position.epoch == theirs.position.epoch && mine.position.seq == theirs.position.seq
            && mine.digest == theirs.digest && mine.itemCount == theirs.itemCount
    }
}

@Suite struct FollowerSessionTests {
    private func loaded(_ upstream: UpstreamModel) -> SessionFixture {
        let fixture = SessionFixture()
        fixture.connect()
        #expect(fixture.send(upstream.load()))
        #expect(fixture.equals(upstream))
        return fixture
    }

    private func upstream(_ items: Int, _ epoch: String = "leaderaa") -> UpstreamModel {
        let upstream = UpstreamModel(epoch)
        for number in 0..<items { _ = upstream.put("k\(number)", number) }
        return upstream
    }

    // MARK: Loading and following

    @Test(
        "a load is shown once the bookmark's digest has proved it, with the upstream's epoch, seqs, versions and times"
    )
    func load() throws {
        let upstream = upstream(5)
        _ = upstream.remove("k1")
        let fixture = SessionFixture()
        #expect(fixture.connect().since == nil)
        let lines = upstream.load()
        #expect(fixture.send(Array(lines.dropLast())))
        #expect(fixture.store.snapshot == nil)
        #expect(fixture.send(lines.last ?? ""))
        #expect(fixture.equals(upstream))
        let mine = try #require(fixture.store.snapshot)
        #expect(mine.isCopy)
        #expect(mine.tombstoneCount == 1)
        let theirs = upstream.writer.snapshot()
        theirs.forEachChange(after: 0) { record in
            let copied = mine.newestState(of: record.key)
            #expect(copied?.seq == record.seq)
            #expect(copied?.version == record.version)
            #expect(copied?.at == record.at)
            #expect(copied?.cause == record.cause)
            return true
        }
        #expect(mine.position.watermarks?.stream == theirs.position.watermarks?.stream)
        #expect(fixture.told.count == 2)
    }

    @Test("bytes may be cut anywhere: the contents are the same")
    func pieces() {
        let upstream = upstream(4)
        let bytes = Array(upstream.load().map { $0 + "\n" }.joined().utf8)
        for size in [1, 7, 64] {
            let fixture = SessionFixture()
            fixture.connect()
            for start in stride(from: 0, to: bytes.count, by: size) {
                let piece = Array(bytes[start..<min(start + size, bytes.count)])
                #expect(piece.withUnsafeBytes { fixture.session.receive($0, at: .zero) })
            }
            #expect(fixture.equals(upstream))
        }
    }

    @Test("changes are shown as they come, before the next bookmark, and are steps of the history")
    func steps() {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        #expect(fixture.send(upstream.put("k1", 70)))
        #expect(fixture.value("k1")?.contains("70") == true)
        #expect(fixture.send(upstream.remove("k2")))
        #expect(fixture.value("k2") == nil)
        #expect(fixture.equals(upstream))
        #expect(fixture.store.snapshot?.history.count == 2)
        #expect(fixture.send(upstream.bookmark()))
        #expect(fixture.session.counts.comparisons == 2)
        #expect(fixture.session.counts.differences == 0)
    }

    @Test("seqs may be skipped, as after a restart of the upstream; the history begins at the next bookmark")
    func skips() {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        let twice = [upstream.put("k1", 8), upstream.put("k1", 9)]
        #expect(fixture.send(twice[1]))
        #expect(
            fixture.store.snapshot?.position.seq == 3,
            "what a pass of rows leaves out must not be shown as complete"
        )
        #expect(fixture.send(upstream.bookmark()))
        #expect(fixture.equals(upstream))
        #expect(fixture.store.snapshot?.history.count == 0)
        #expect(fixture.send(upstream.put("k2", 10)))
        #expect(fixture.store.snapshot?.history.count == 1)
    }

    @Test("after a break it asks for its place, and goes on there without a load")
    func resumes() {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        #expect(fixture.send(upstream.put("k9", 1)))
        fixture.breakOff()
        let missed = upstream.put("k8", 2)
        let request = fixture.connect()
        #expect(request.upstream == "http://two")
        #expect(request.since?.seq == 4)
        #expect(request.since?.epoch == upstream.epoch)
        #expect(fixture.send(UpstreamModel.source(), upstream.contents(), missed, upstream.bookmark()))
        #expect(fixture.equals(upstream))
        #expect(fixture.session.counts.loads == 1)
        #expect(fixture.session.counts.resumptions == 1)
    }

    @Test(
        "a pass of rows that is cut off cannot be continued elsewhere: everything is read, and readers notice nothing"
    )
    func cutPass() throws {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        let shown = try #require(fixture.store.snapshot)
        _ = upstream.put("k1", 8)
        #expect(fixture.send(upstream.put("k1", 9)))
        fixture.breakOff()
        #expect(fixture.store.snapshot?.position.seq == shown.position.seq)
        #expect(fixture.connect().since == nil)
        #expect(fixture.send(upstream.load()))
        #expect(fixture.equals(upstream))
        #expect(fixture.store.snapshot?.position.epoch == shown.position.epoch)
    }

    @Test("loaded contents that are older than what is served wait until the upstream has come as far")
    func older() {
        let leader = upstream(5)
        let fixture = loaded(leader)
        #expect(!fixture.send("nonsense"))
        fixture.breakOff()
        // A sibling of the leader that is behind it.
        let sibling = upstream(3)
        fixture.connect()
        #expect(fixture.send(sibling.load()))
        #expect(fixture.equals(leader))
        #expect(
            fixture.told.last == .held("the loaded contents are shown once the upstream has reached what is served")
        )
        #expect(fixture.send(sibling.put("k3", 3), sibling.bookmark()))
        #expect(fixture.equals(leader))
        #expect(fixture.send(sibling.put("k4", 4), sibling.bookmark()))
        #expect(!fixture.session.contents.isLoading)
        #expect(fixture.equals(sibling))
        #expect(fixture.equals(leader))
    }

    @Test("contents of an upstream that cannot say how far it is wait until it can")
    func withoutTimes() {
        let old = upstream(3)
        let fixture = loaded(old)
        let new = upstream(2, "rebuiltt")
        let lines = new.load()
        let last = (lines.last ?? "").replacing("\(new.writer.snapshot().position)", with: "rebuiltt.2")
        #expect(fixture.send([#"{"event":"reset","reason":"rebuilt"}"#] + lines[2...].dropLast() + [last]))
        #expect(fixture.equals(old))
        #expect(fixture.send(new.bookmark(low: 2_000_200)))
        #expect(fixture.equals(new))
    }

    @Test("contents of another epoch of the stream wait for the times of what is served")
    func olderByTimes() {
        let old = upstream(3)
        let fixture = loaded(old)
        let new = upstream(2, "rebuiltt")
        #expect(fixture.send([#"{"event":"reset","reason":"rebuilt"}"#] + new.load()[2...]))
        #expect(fixture.equals(old), "nothing proves yet that it has all that readers may have seen")
        #expect(fixture.send(new.bookmark(low: 2_000_200)))
        #expect(fixture.equals(new))
    }

    @Test("the time that a bookmark waits on its way counts as lag")
    func transit() {
        let upstream = upstream(1)
        let fixture = loaded(upstream)
        func mark(_ sent: Int, at now: Duration) -> Int64? {
            fixture.now = now
            #expect(fixture.send(String(upstream.bookmark(lag: 3).dropLast()) + #","sent_ms":\#(sent)}"#))
            return fixture.session.bookmark?.mark.lagMilliseconds
        }
        #expect(mark(700_000, at: .milliseconds(1_000)) == 3)
        #expect(mark(700_250, at: .milliseconds(1_260)) == 13)
        #expect(mark(700_500, at: .milliseconds(9_500)) == 8_003)
        #expect(mark(709_000, at: .milliseconds(9_990)) == 3, "a shorter way was found")
    }

    // MARK: Other contents

    @Test("a reset loads into a second generation: the old one is served until the new one is proved")
    func reset() {
        let old = upstream(3)
        let fixture = loaded(old)
        let new = upstream(2, "rebuiltt")
        let lines = new.load()
        #expect(fixture.send([#"{"event":"reset","reason":"rebuilt"}"#] + lines[2...].dropLast()))
        #expect(fixture.equals(old))
        #expect(fixture.send(lines.last ?? "", new.bookmark(low: 2_000_200)))
        #expect(fixture.equals(new))
        #expect(fixture.value("k2") == nil)
    }

    @Test("contents that come before a reset change nothing: only what follows it counts")
    func contentsBeforeReset() {
        let old = upstream(3)
        let fixture = loaded(old)
        fixture.breakOff()
        fixture.connect()
        let new = upstream(2, "rebuiltt")
        let lines = new.load()
        #expect(fixture.send(UpstreamModel.source(), new.contents(), #"{"event":"reset","reason":"other-epoch"}"#))
        #expect(fixture.equals(old))
        #expect(fixture.store.snapshot?.isCopy == true)
        #expect(fixture.send(Array(lines[2...]) + [new.bookmark(low: 2_000_200)]))
        #expect(fixture.equals(new))
    }

    @Test("an upstream that takes another name during a load gives it to what is loaded")
    func renamedLoad() {
        let upstream = upstream(3)
        let fixture = SessionFixture()
        fixture.connect()
        let lines = upstream.load()
        let renamed = { (line: String) in line.replacing("leaderaa", with: "newnamee") }
        #expect(fixture.send(Array(lines[0...3]) + [upstream.contents()].map(renamed) + lines[4...].map(renamed)))
        #expect(fixture.store.snapshot?.position.epoch == UpstreamModel.epoch("newnamee"))
        #expect(fixture.store.snapshot?.isCopy == true)
        #expect(fixture.store.snapshot?.digest == upstream.writer.snapshot().digest)
    }

    @Test(
        "a move to another replica of the stream keeps the contents: readers' positions stay good, and repeats change nothing"
    )
    func move() throws {
        let one = upstream(4)
        let fixture = loaded(one)
        let before = try #require(fixture.store.snapshot)
        fixture.breakOff()
        fixture.connect()
        // The other leader has the same items at other seqs, and one change more.
        let two = UpstreamModel("othertwo", startingAfter: 900)
        for number in 0..<4 { _ = two.put("k\(number)", number) }
        // Before anything of the other one has come, it is asked as it was.
        #expect(
            fixture.send(
                UpstreamModel.source(),
                two.contents(),
                #"{"event":"moved","from":"\#(before.position)","overlap_s":10}"#,
                two.contents()
            )
        )
        fixture.breakOff()
        #expect(fixture.connect().since == fixture.store.snapshot?.position)
        let repeated = UpstreamModel.line(
            of: try #require(two.writer.snapshot().record(for: UpstreamModel.key("k3"))),
            two.epoch
        )
        let change = two.put("k0", 55)
        #expect(
            fixture.send(
                UpstreamModel.source(),
                two.contents(),
                #"{"event":"moved","from":"\#(before.position)","overlap_s":10}"#,
                two.contents(),
                repeated,
                change,
                two.bookmark("ready")
            )
        )
        let after = try #require(fixture.store.snapshot)
        #expect(after.digest == two.writer.snapshot().digest)
        #expect(after.position.seq == before.position.seq + 1, "a repeat has no seq")
        #expect(after.position.epoch != before.position.epoch)
        #expect(after.position.epoch != two.epoch)
        #expect(!after.isCopy)
        #expect(after.own(before.position).epoch == after.position.epoch)
        #expect(fixture.session.counts.moves == 2)
        #expect(after.history.count == 1)
        // Its place there is the other leader's.
        fixture.breakOff()
        fixture.connect()
        #expect(fixture.send(UpstreamModel.source(), two.contents(), two.bookmark()))
        fixture.breakOff()
        let request = fixture.connect()
        #expect(request.since?.epoch == two.epoch)
        #expect(request.since?.seq == two.writer.seq)
    }

    @Test("an upstream that takes another name without a reset gives it to the copy")
    func renamed() throws {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        let before = try #require(fixture.store.snapshot)
        let text = upstream.contents().replacing("leaderaa", with: "newnamee")
        let change = upstream.put("k7", 7).replacing("leaderaa", with: "newnamee")
        #expect(fixture.send(text, change))
        let after = try #require(fixture.store.snapshot)
        #expect(after.position.epoch == UpstreamModel.epoch("newnamee"))
        #expect(after.isCopy)
        #expect(after.own(before.position).epoch == after.position.epoch)
    }

    // MARK: Faults

    @Test("a digest that differs: the contents are served as they are, loaded again, and readers then start over")
    func differs() throws {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        let wrong = String(repeating: "0", count: 32)
        #expect(!fixture.send(upstream.bookmark(digest: wrong)))
        #expect(fixture.session.counts.differences == 1)
        #expect(fixture.session.trouble?.kind == .contradiction)
        #expect(fixture.equals(upstream))
        fixture.breakOff()
        #expect(fixture.connect().since == nil)
        #expect(fixture.send(upstream.load()))
        let after = try #require(fixture.store.snapshot)
        #expect(after.digest == upstream.writer.snapshot().digest)
        #expect(after.position.epoch != upstream.epoch, "with the same name readers would keep what was wrong")
        #expect(fixture.session.trouble == nil)
        // Its place is the upstream's all the same.
        #expect(fixture.send(upstream.put("k1", 5)))
        fixture.breakOff()
        #expect(fixture.connect().since?.epoch == upstream.epoch)
        #expect(fixture.send(UpstreamModel.source(), upstream.contents(), upstream.put("k1", 6), upstream.bookmark()))
        #expect(fixture.store.snapshot?.digest == upstream.writer.snapshot().digest)
        #expect(fixture.store.snapshot?.position.epoch == after.position.epoch)
    }

    @Test(
        "readers that saw a change which nothing proved start over after a contradiction, and no times place them: they may hold what is not there",
        arguments: [true, false]
    )
    func doubted(byDigest: Bool) throws {
        let upstream = upstream(3)
        _ = upstream.bookmark(low: 2_000_103)
        let fixture = loaded(upstream)
        let bad =
            #"{"op":"put","item":{"id":{"S":"bad"}},"id":"leaderaa.4","version":"900","at":"1970-01-01T00:33:20.200Z","cause":"stream"}"#
        #expect(fixture.send(bad))
        let before = try #require(fixture.store.snapshot)
        #expect(fixture.value("bad") != nil)
        _ = upstream.put("k9", 9)
        #expect(!fixture.send(byDigest ? upstream.bookmark() : bad))
        fixture.breakOff()
        fixture.connect()
        #expect(fixture.send(upstream.load()))
        let after = try #require(fixture.store.snapshot)
        #expect(fixture.value("bad") == nil)
        #expect(after.position.epoch != before.position.epoch)
        #expect(after.own(before.position).epoch == before.position.epoch)
        #expect(after.placement(of: before.position, overlap: 0) == .impossible(.younger))
    }

    @Test("a contradiction after which readers hold nothing doubtful does not make them start over")
    func undoubted() throws {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        #expect(fixture.send(upstream.put("k1", 70), upstream.bookmark()))
        #expect(!fixture.send("nonsense"))
        fixture.breakOff()
        fixture.connect()
        #expect(fixture.send(upstream.load()))
        #expect(fixture.equals(upstream))
    }

    @Test("an upstream that lies about every digest is never shown, and is asked more and more rarely")
    func lies() {
        let upstream = upstream(3)
        let fixture = SessionFixture(upstreams: ["http://one"])
        var waits: [Duration] = []
        for _ in 0..<12 {
            fixture.connect()
            let lines = upstream.load()
            #expect(!fixture.send(Array(lines.dropLast()) + [upstream.bookmark("ready", items: 4)]))
            #expect(fixture.store.snapshot == nil)
            waits.append(fixture.breakOff(fraction: 0))
        }
        #expect(waits == waits.sorted())
        #expect(waits.last == FollowingLimits().longestReloadPause / 2)
        #expect(fixture.session.counts.differences == 12)
    }

    @Test(
        "lines that contradict each other end the connection, and what was shown stays",
        arguments: [
            #"{"op":"put","key":{"id":{"S":"a"}},"item":{"id":{"S":"a"}},"id":"leaderaa.2","version":"1","at":"1970-01-01T00:00:00.000Z","cause":"stream"}"#,
            #"{"op":"put","key":{"id":{"S":"a"}},"item":{"id":{"S":"a"}},"id":"strangee.9","version":"1","at":"1970-01-01T00:00:00.000Z","cause":"stream"}"#,
            #"{"op":"put","key":{"id":{"S":"k1"}},"item":{"id":{"S":"k1"}},"id":"leaderaa.9","version":"1","at":"1970-01-01T00:00:00.000Z","cause":"stream"}"#,
            #"{"op":"move","key":{"id":{"S":"a"}}}"#,
            #"{"op":"put","item":{"id":{"S":"a"}},"version":"1","at":"1970-01-01T00:00:00.000Z","cause":"stream"}"#,
            #"{"op":"put","item":{"id":{"N":"1"}},"id":"leaderaa.9","at":"1970-01-01T00:00:00.000Z","cause":"stream"}"#,
            #"{"op":"put","item":{"id":{"S":"a"}},"id":"leaderaa.9","cause":"stream"}"#,
            #"{"op":"put","item":{"id":{"S":"a"}},"id":"leaderaa.9","at":"1970-01-01T00:00:00.000Z","cause":"whim"}"#,
            #"{"event":"moved","from":"x","overlap_s":1}"#,
            #"{"event":"bookmark","position":"strangee.9","lag_ms":1,"state":"live","horizon":"0"}"#,
            #"{"event":"bookmark","position":"leaderaa.1","lag_ms":1,"state":"live","horizon":"0"}"#,
            #"{"event":"bookmark","position":"leaderaa.9","lag_ms":1,"state":"live","digest":"zz","horizon":"0"}"#,
            #"{"event":"bookmark","position":"leaderaa.3","lag_ms":9223372036854775807,"state":"live","horizon":"0"}"#,
            #"{"event":"bookmark","position":"leaderaa.3","lag_ms":-1,"state":"live","horizon":"0"}"#,
            #"{"event":"bookmark","position":"leaderaa.3","sent_ms":9223372036854775807,"state":"live","horizon":"0"}"#,
            #"{"event":"contents","epoch":"leaderaa","table":"orders","key":{"partition":{"name":"id","type":"S"}},"birth":9223372036854775807}"#,
            #"{"event":"reset"}"#, #"{"other":1}"#, "[]", "nonsense", "",
        ]
    )
    func contradictions(line: String) {
        let upstream = upstream(3)
        let fixture = loaded(upstream)
        #expect(!fixture.send(line))
        #expect(fixture.session.trouble?.kind == .contradiction)
        #expect(fixture.session.trouble?.text.hasPrefix("http://one contradicts itself: ") == true)
        #expect(fixture.equals(upstream))
        fixture.breakOff()
        #expect(fixture.connect().since == nil, "what contradicts itself is read from its first row")
    }

    @Test("a line of more bytes than allowed ends the connection before it is kept")
    func longLine() {
        let fixture = SessionFixture { $0.limits.lineBytes = 1_000 }
        fixture.connect()
        #expect(fixture.send(UpstreamModel.source()))
        #expect(!fixture.send(String(repeating: "x", count: 1_001)))
        #expect(fixture.session.trouble?.text.contains("more than 1000 bytes") == true)
    }

    @Test("members and events that this release does not know change nothing")
    func unknown() {
        let upstream = upstream(2)
        let fixture = loaded(upstream)
        #expect(fixture.send(#"{"event":"weather","sun":[1,{"a":2}]}"#))
        let line = upstream.put("k1", 4).replacing(#""cause":"stream""#, with: #""mood":{"a":[1]},"cause":"stream""#)
        #expect(fixture.send(line))
        #expect(fixture.equals(upstream))
    }

    @Test("a feed that breaks off in the middle of a load shows nothing of it, and keeps what was shown")
    func brokenLoad() {
        let old = upstream(3)
        let fixture = loaded(old)
        let new = upstream(4, "rebuiltt")
        #expect(fixture.send([#"{"event":"reset","reason":"rebuilt"}"#] + new.load()[2...4]))
        fixture.breakOff(.silent)
        #expect(fixture.equals(old))
        #expect(!fixture.session.contents.isLoading)
        #expect(fixture.connect().since?.epoch == old.epoch)
    }
}
