import Basics
import DynamoDBClient
import Testing

@testable import DynamoDBStream
@testable import Replication

@Suite struct StreamViewAgeTests {
    private static let moment: Int64 = 1_700_000_000_000

    /// A clock that has been up for `elapsed` seconds since `moment`.
    private func time(_ elapsed: Int64) -> TimeSource {
        TimeSource(
            continuous: { .seconds(100 + elapsed) },
            wallMilliseconds: { Self.moment + elapsed * 1_000 },
            sleep: { _ in },
            random: { 0.5 }
        )
    }

    private func view(unread: Int64?, status: StreamStatus = .enabled) -> StreamView {
        StreamView(
            asOf: .seconds(100),
            shards: [],
            lagMilliseconds: unread.map { _ in 0 },
            unreadMilliseconds: unread,
            completeStamp: nil,
            silence: nil,
            isBookmarked: true,
            isReplaying: false,
            status: status,
            lastError: nil,
            gap: nil
        )
    }

    @Test("a state is as old as the look at its stream, however late that is come back to")
    func lateLook() {
        #expect(view(unread: 0).readUntil(time(0)) == Self.moment)
        #expect(view(unread: 300).readUntil(time(0)) == Self.moment - 300)
        // A blocked replicator gets its view 40 s late: nothing is known of those.
        #expect(view(unread: 0).readUntil(time(40)) == Self.moment)
        #expect(view(unread: 300).readUntil(time(40)) == Self.moment - 300)
        // A clock that seems to go back makes no state younger.
        #expect(view(unread: 300).readUntil(time(-1)) == Self.moment - 1_300)
    }

    @Test("nothing is known before the shards are, and of a stream that is over")
    func unknown() {
        #expect(view(unread: nil).readUntil(time(0)) == nil)
        #expect(view(unread: 0, status: .disabled).readUntil(time(0)) == nil)
        #expect(view(unread: 0, status: .disabling).readUntil(time(0)) == nil)
    }
}
