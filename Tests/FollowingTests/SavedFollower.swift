import Basics
import Glibc
import ReplicaStore
import StateStore
import TableModel

@testable import Following

/// A state directory, and what a follower's session leaves in it, life after life.
final class SavedFollower {
    /// Now, in milliseconds since 1970 UTC.
    static let now: Int64 = 1_700_000_000_000

    let path: String
    private(set) var fixture: SessionFixture
    /// The newest contents that a bookmark has proved in this life.
    private var newest: Newest
    private var file: StateFile?
    /// What the life began with; nil where it began with nothing.
    private(set) var restored: RestoredContents?
    /// The writer of what the life began with, for as long as somebody holds it.
    private(set) weak var restoredWriter: GenerationWriter?
    /// Why the saved state was not used at the last start; nil where it was, or where there was none.
    private(set) var rejection: StateRejection?

    private final class Newest {
        var contents: ProvedContents?
        var isAbandoned = false
    }

    init() {
        var template = Array("/tmp/following-tests-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        newest = Newest()
        fixture = Self.fixture(nil, newest)
    }

    deinit {
        file?.close()
        for name in ["tablecast.sqlite", "tablecast.sqlite-wal", "tablecast.sqlite-shm", "tablecast.lock"] {
            unlink("\(path)/\(name)")
        }
        rmdir(path)
    }

    private static func fixture(_ restored: RestoredContents?, _ newest: Newest) -> SessionFixture {
        SessionFixture(savesState: true, restored: restored) { news in
            switch news {
            case .proved(let contents): newest.contents = contents
            case .distrusts, .rejectsSaved(.damaged, _): (newest.contents, newest.isAbandoned) = (nil, true)
            default: break
            }
        }
    }

    private func opened() throws -> StateFile {
        if let file { return file }
        var limits = StateLimits()
        limits.recordsPerTransaction = 3
        let file = StateFile(directory: try StateDirectory(path), limits: limits)
        self.file = file
        return file
    }

    /// Saves what the newest bookmark has proved; false where there is nothing to save. `change` plants a fault.
    @discardableResult
    func save(isLast: Bool = false, _ change: (inout FollowedPlace) -> Void = { _ in }) throws -> Bool {
        if newest.isAbandoned { try opened().abandon("a test") }
        newest.isAbandoned = false
        guard let contents = newest.contents else { return false }
        var place = contents.place
        change(&place)
        let mark = StateMark(positions: place.encoded, streamReadAt: Self.now)
        let isHead = fixture.store.snapshot?.position.seq == contents.snapshot.position.seq
        _ = try opened().save(contents.snapshot, mark, of: contents.identity, isLast: isLast && isHead) { false }
        return true
    }

    /// What the newest bookmark has proved in this life.
    var proved: ProvedContents? { newest.contents }

    /// The process ends: the directory is free.
    func end() {
        file?.close()
        file = nil
    }

    /// The process ends as it stands; the next one begins with what is in the directory. True where that could be used.
    @discardableResult
    func restart() throws -> Bool {
        end()
        (newest, restored, rejection) = (Newest(), nil, nil)
        do {
            let found = try opened().load(
                expecting: .follower,
                at: Self.now,
                storeLimits: StoreLimits()
            )
            if let found, let place = FollowedPlace(decoding: found.positions), place.fits(found.writer) {
                restored = RestoredContents(state: found, place: place)
                restoredWriter = found.writer
            }
        } catch let found as StateRejection { rejection = found }
        fixture = Self.fixture(restored, newest)
        return restored != nil
    }

    /// Leaves what the life began with to the session alone.
    func releaseRestored() {
        restored = nil
        fixture.forgetTold()
    }

    /// What the life began with, on its way to other contents: neither this nor its session keeps it.
    func handedOver() -> RestoredHandover {
        let handover = RestoredHandover(restored)
        restored = nil
        fixture = Self.fixture(nil, newest)
        return handover
    }
}

/// An upstream that remembers its lines, so that it can continue from any place of its own.
final class RememberingUpstream {
    let model: UpstreamModel
    private var lines: [(seq: UInt64, text: String)] = []
    private let first: UInt64

    init(_ epoch: String = "leaderaa", startingAfter seq: UInt64 = 0) {
        model = UpstreamModel(epoch, startingAfter: seq)
        first = seq
    }

    /// Writes something, and returns the lines that tell it.
    func write(_ random: inout SplitMix64) -> String {
        let id = "k\(random.next() % 9)"
        let isPut = random.next() % 4 > 0
        let text = isPut ? model.put(id, Int(random.next() % 1_000)) : model.remove(id)
        lines.append((model.writer.seq, text))
        return text
    }

    /// What a follower that asked for changes since `position` is told, up to a bookmark; everything where that is no place of this one.
    func answer(_ position: Position?) -> [String] {
        model.writer.completed(2_000_000)
        let greeting = [UpstreamModel.source(), model.contents()]
        guard let position, position.epoch == model.epoch, position.seq <= model.writer.seq else {
            let reset = position == nil ? [] : [#"{"event":"reset","reason":"other-epoch"}"#]
            return [greeting[0]] + reset + model.load().dropFirst()
        }
        return greeting + lines.filter { $0.seq > position.seq }.map(\.text) + [model.bookmark("ready")]
    }

    /// The same of a follower that is moved from another replica of the stream, with repeats of all rows.
    func moved(from position: Position) -> [String] {
        let moved = #"{"event":"moved","from":"\#(position)","overlap_s":10}"#
        var rows: [String] = []
        model.writer.snapshot().forEachChange(after: 0) { record in
            rows.append(UpstreamModel.line(of: record, model.epoch))
            return true
        }
        return [UpstreamModel.source(), model.contents(), moved, model.contents()] + rows + [model.bookmark("ready")]
    }
}
