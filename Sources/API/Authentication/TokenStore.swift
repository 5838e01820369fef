import Basics
import Digest
package import Logging
import Synchronization

/// The tokens of a file, read again when it changes. A new file that cannot be used changes nothing but what is said of it.
package final class TokenStore: Sendable {
    /// What the status says.
    package struct Reading: Sendable, Hashable {
        /// How many are in use.
        package var tokens = 0
        /// Milliseconds since 1970 UTC at which the tokens in use were read.
        package var loadedAt: Int64 = 0
        /// Why the file, as it is now, is not used, or that nobody knows what it is now.
        package var trouble: String?
    }

    private struct State {
        var tokens: [SHA256Digest: AccessToken] = [:]
        /// The tokens by what their tickets call them.
        var ticketIDs: [UInt64: SHA256Digest] = [:]
        var reading = Reading()
        var stamp: TokenFileStamp?
        /// When the file was last read, and when a look at it last came to an end, whatever it found.
        var readAt: Duration = .zero
        var checkedAt: Duration = .zero
        /// Looks in a row at the age of the last check that found it too old.
        var staleLooks = 0
    }

    private let path: String
    private let logger: Logger
    private let wallMilliseconds: @Sendable () -> Int64
    private let continuous: @Sendable () -> Duration
    private let access: TokenFileAccess
    private let state = Mutex(State())
    /// Grows with each change of the tokens, so that what is open learns of one at the price of an atomic load.
    private let changes = Atomic<Int>(0)

    /// Reads the file for the first time; without tokens nobody could be let in.
    package convenience init(
        path: String,
        logger: Logger,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        continuous: @escaping @Sendable () -> Duration
    ) throws(TokenFileError) {
        try self.init(
            path: path,
            logger: logger,
            wallMilliseconds: wallMilliseconds,
            continuous: continuous,
            access: .system
        )
    }

    init(
        path: String,
        logger: Logger,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        continuous: @escaping @Sendable () -> Duration,
        access: TokenFileAccess
    ) throws(TokenFileError) {
        self.path = path
        self.logger = logger
        self.wallMilliseconds = wallMilliseconds
        self.continuous = continuous
        self.access = access
        let stamp = access.stamp(path)
        do throws(TokenFileError) { take(try TokenFile.parse(access.read(path)), stamp) } catch {
            throw TokenFileError("the token file \(path) cannot be used: \(error)")
        }
    }

    /// What is known of the file. Whoever asks judges the age of the last check, since a check that hangs cannot.
    package var reading: Reading {
        let now = continuous()
        return state.withLock { state in
            var reading = state.reading
            let age = now - state.checkedAt
            if age > AuthenticationLimits.staleCheckAge { reading.trouble = Self.staleness(age) }
            return reading
        }
    }

    /// The number of changes of the tokens so far.
    var changeCount: Int { changes.load(ordering: .acquiring) }

    /// The token with this digest. Compares with all of them, each in constant time, so that the time tells nothing.
    func token(with digest: SHA256Digest) -> AccessToken? {
        let tokens = state.withLock { $0.tokens }
        var found: AccessToken?
        for token in tokens.values where token.digest == digest { found = token }
        return found
    }

    /// The token that tickets name so, with the rights that it has now. An id that two tokens share by chance, one time in 10^13 with 1,000
    /// tokens, finds one of them: then tickets of the other do not work.
    func token(withTicketID id: UInt64) -> AccessToken? {
        state.withLock { state in state.ticketIDs[id].flatMap { state.tokens[$0] } }
    }

    /// Whether a token is still in use, has `scope`, and is restricted to the same keys as `token` was.
    func upholds(_ token: AccessToken, _ scope: AccessScope) -> Bool {
        guard let current = state.withLock({ $0.tokens[token.digest] }) else { return false }
        return current.scopes.contains(scope) && current.keys == token.keys
    }

    /// Reads the file again if it may be another one than last time; whether the tokens changed. Blocks for as long as the file system
    /// does: not for event loops, nor for tasks. With `isAsked` it is read in any case, and the log says what came of it.
    @discardableResult
    package func refresh(isAsked: Bool = false) -> Bool {
        let stamp = access.stamp(path)
        let isDue = state.withLock { state in
            let age = continuous() - state.readAt
            let isOld = age >= AuthenticationLimits.rereadInterval
            return isAsked || isOld || state.stamp != stamp || state.reading.trouble != nil
        }
        defer { state.withLock { $0.checkedAt = continuous() } }
        guard isDue else { return false }
        do throws(TokenFileError) {
            return take(try TokenFile.parse(access.read(path)), stamp, isAsked: isAsked)
        } catch {
            fail(error.description, stamp, isAsked: isAsked)
            return false
        }
    }

    /// Logs, once, that checks of the file no longer end, and once that they do again. Never blocks; to be called once a second.
    func reportAge() {
        let now = continuous()
        let (age, looks, wasStale) = state.withLock { state in
            let age = now - state.checkedAt
            let wasStale = state.staleLooks > 1
            state.staleLooks = age > AuthenticationLimits.staleCheckAge ? state.staleLooks + 1 : 0
            return (age, state.staleLooks, wasStale)
        }
        // Twice in a row: after a sleep of the machine the first look sees an old check, and a new one about to end.
        if looks == 2 {
            logger.error(
                "the token file \(path) cannot be checked, the tokens read before stay in use: \(Self.staleness(age))"
            )
        } else if looks == 0, wasStale {
            logger.notice("the token file \(path) can be checked again")
        }
    }

    private static func staleness(_ age: Duration) -> String {
        "the last check that came to an end is \(age.wholeSeconds) s old; see why its volume does not answer"
    }

    @discardableResult
    private func take(_ list: [AccessToken], _ stamp: TokenFileStamp?, isAsked: Bool = false) -> Bool {
        let tokens = Dictionary(list.map { ($0.digest, $0) }, uniquingKeysWith: { first, _ in first })
        let ticketIDs = Dictionary(
            list.map { (TicketKey(of: $0.digest).tokenID, $0.digest) },
            uniquingKeysWith: { first, _ in first }
        )
        let loadedAt = wallMilliseconds()
        let (isFirst, isNews, isChange) = state.withLock { state in
            let isFirst = state.tokens.isEmpty
            let isChange = state.tokens != tokens
            let isNews = isChange || isAsked || state.stamp != stamp || state.reading.trouble != nil
            state.tokens = tokens
            state.ticketIDs = ticketIDs
            state.stamp = stamp
            state.readAt = continuous()
            state.checkedAt = state.readAt
            if isNews { state.reading = Reading(tokens: tokens.count, loadedAt: loadedAt) }
            return (isFirst, isNews, isChange)
        }
        // After the tokens: who sees the count sees them.
        if isChange { changes.add(1, ordering: .releasing) }
        if isNews, !isFirst { logger.info("the token file was read again", metadata: ["tokens": "\(tokens.count)"]) }
        return isChange
    }

    private func fail(_ trouble: String, _ stamp: TokenFileStamp?, isAsked: Bool) {
        let isNews = state.withLock { state in
            defer {
                state.stamp = stamp
                state.reading.trouble = trouble
            }
            return isAsked || state.reading.trouble != trouble
        }
        if isNews {
            logger.error("the token file \(path) cannot be used, the tokens read before stay in use: \(trouble)")
        }
    }
}
