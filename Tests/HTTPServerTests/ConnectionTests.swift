import Testing

@testable import HTTPServer

@Suite struct ConnectionTests {
    private final class NoBody: StreamingBody {
        func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep { .end }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    private func connection() -> Connection {
        Connection(AcceptedConnection(testing: 9), token: 0, now: 0)
    }

    private func stream(then closing: Connection.Closing) -> Connection.Phase {
        .streaming(Connection.ActiveStream(body: NoBody(), isChunked: true, closing: closing))
    }

    private func keep(_ count: Int, in connection: Connection) {
        let bytes = [UInt8](repeating: 0, count: count)
        connection.unsent.keep(bytes, response: 1, now: 0, Timeouts(HTTPServerLimits()))
    }

    @Test("waits for what its phase needs, and for nothing new while it waits for its turn")
    func interest() {
        let connection = connection()
        #expect(connection.wantedInterest == .readable)
        connection.phase = stream(then: .keepAlive)
        #expect(connection.wantedInterest == .peerClosed)
        keep(10, in: connection)
        #expect(connection.wantedInterest == [.writable, .peerClosed])
        connection.isQueued = true
        #expect(connection.wantedInterest == nil)
        connection.phase = .sending(then: .close)
        #expect(connection.wantedInterest == .writable)
        connection.phase = .lingering
        #expect(connection.wantedInterest == .readable)
    }

    @Test("a response that closes lingers where more has come, and one that does not stays as it is")
    func lingering() {
        let connection = connection()
        for (before, after) in [(Connection.Closing.close, Connection.Closing.linger), (.keepAlive, .keepAlive)] {
            connection.phase = .sending(then: before)
            connection.lingersRatherThanCloses()
            guard case .sending(let sending) = connection.phase else {
                Issue.record("it is not sending any more")
                return
            }
            #expect(sending == after)
            connection.phase = stream(then: before)
            connection.lingersRatherThanCloses()
            guard case .streaming(let stream) = connection.phase else {
                Issue.record("it is not streaming any more")
                return
            }
            #expect(stream.closing == after)
        }
    }

    @Test("unsent bytes count in full until the client has taken the last")
    func unsent() {
        let timeouts = Timeouts(HTTPServerLimits())
        let connection = connection()
        keep(10, in: connection)
        connection.unsent.took(9, now: 5, timeouts)
        #expect(connection.keptBytes == 10)
        #expect(connection.unsent.withBytes(\.count) == 1)
        #expect(connection.unsent.deadline(now: 5, timeouts) == 5 + timeouts.writeStall)
        connection.unsent.took(1, now: 6, timeouts)
        #expect(connection.unsent.isEmpty)
        connection.unsent.removeAll()
        #expect(connection.keptBytes == 0)
    }

    @Test("a wake-up reaches the connections that are listed, in whatever order they leave")
    func wakeList() {
        var list = WakeList()
        let all = (0..<4).map { _ in connection() }
        for connection in all { list.insert(connection) }
        list.remove(all[1])
        list.remove(all[3])
        #expect(
            Set(list.connections.map(ObjectIdentifier.init)) == [ObjectIdentifier(all[0]), ObjectIdentifier(all[2])]
        )
        list.remove(all[0])
        list.remove(all[2])
        #expect(list.connections.isEmpty)
        #expect(all.allSatisfy { $0.wakeIndex == -1 })
    }
}
