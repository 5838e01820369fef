import Basics
import Digest
import Logging
import Synchronization

@testable import API

/// The tickets of one replica, with a file of tokens and clocks that tests change at will.
final class TicketReplica: Sendable {
    private struct State {
        var file: String
        var wall: Int64
        var continuous = Duration.seconds(1000)
    }

    private final class Shared: Sendable {
        let state: Mutex<State>
        /// Each look at this clock finds the file an hour older, so that it is read whatever its stamp.
        let looks = Atomic<Int>(0)
        init(_ state: State) { self.state = Mutex(state) }
    }

    static let start: Int64 = 1_700_000_000_000

    let store: TokenStore
    let tickets: Tickets
    private let shared: Shared

    init(_ file: String, age: Duration = AuthenticationLimits.ticketAge) throws {
        let shared = Shared(State(file: file, wall: Self.start))
        self.shared = shared
        store = try TokenStore(
            path: "tokens",
            logger: Logger(label: "t"),
            wallMilliseconds: { 0 },
            continuous: { .seconds(3600 * shared.looks.add(1, ordering: .relaxed).newValue) },
            access: TokenFileAccess(
                stamp: { _ in nil },
                read: { _ throws(TokenFileError) in shared.state.withLock { Array($0.file.utf8) } }
            )
        )
        tickets = Tickets(
            store: store,
            age: age,
            wallMilliseconds: { shared.state.withLock { $0.wall } },
            continuous: { shared.state.withLock { $0.continuous } }
        )
    }

    var wallMilliseconds: @Sendable () -> Int64 { { [shared] in shared.state.withLock { $0.wall } } }

    /// Time passes on both clocks.
    func advance(_ duration: Duration) {
        shared.state.withLock {
            $0.wall += duration.wholeMilliseconds
            $0.continuous += duration
        }
    }

    /// Sets the wall clock only.
    func moveClock(_ duration: Duration) { shared.state.withLock { $0.wall += duration.wholeMilliseconds } }

    func replaceFile(_ file: String) {
        shared.state.withLock { $0.file = file }
        store.refresh()
    }

    func token(_ secret: String) throws -> AccessToken {
        guard let token = store.token(with: SHA256Digest(secret.utf8)) else { throw Missing() }
        return token
    }

    struct Missing: Error {}

    /// A file with tokens of these names, whose secrets are `NAME-0123456789abcdef`.
    static func file(_ names: [String], scopes: String = #""read", "stream""#, keys: String = "") -> String {
        let tokens = names.map {
            #"{"name": "\#($0)", "token": "\#($0)-0123456789abcdef", "scopes": [\#(scopes)]\#(keys)}"#
        }
        return #"{"tokens": [\#(tokens.joined(separator: ","))]}"#
    }
}
