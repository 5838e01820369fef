import Digest
import Glibc
package import Logging
import Synchronization

/// The tokens of a file, read again when it changes. A new file that cannot be used changes nothing but what is said of it.
package final class TokenStore: Sendable {
    /// What the status says.
    struct Reading: Sendable, Hashable {
        var tokens = 0
        /// Milliseconds since 1970 UTC at which the tokens in use were read.
        var loadedAt: Int64 = 0
        /// Why the file, as it is now, is not used.
        var trouble: String?
    }

    /// What tells one content of a file from another without reading it.
    private struct Stamp: Equatable {
        var device: UInt = 0
        var inode: UInt = 0
        var size: Int = 0
        var seconds: Int = 0
        var nanoseconds: Int = 0
    }

    private struct State {
        var tokens: [AccessToken] = []
        var reading = Reading()
        var stamp: Stamp?
    }

    private let path: String
    private let logger: Logger
    private let wallMilliseconds: @Sendable () -> Int64
    private let state = Mutex(State())

    /// Reads the file for the first time; without tokens nobody could be let in.
    package init(
        path: String,
        logger: Logger,
        wallMilliseconds: @escaping @Sendable () -> Int64
    ) throws(TokenFileError) {
        self.path = path
        self.logger = logger
        self.wallMilliseconds = wallMilliseconds
        let stamp = Self.stamp(path)
        let tokens: [AccessToken]
        do throws(TokenFileError) { tokens = try Self.read(path) } catch {
            throw TokenFileError("the token file \(path) cannot be used: \(error)")
        }
        take(tokens, stamp)
    }

    var reading: Reading { state.withLock { $0.reading } }

    /// The token with this digest. Compares with all of them, each in constant time, so that the time tells nothing.
    func token(with digest: SHA256Digest) -> AccessToken? {
        let tokens = state.withLock { $0.tokens }
        var found: AccessToken?
        for token in tokens where token.digest == digest { found = token }
        return found
    }

    /// Whether a token is still among those in use, with the same rights.
    func contains(_ token: AccessToken) -> Bool { state.withLock { $0.tokens.contains(token) } }

    /// Reads the file again if it is another one than last time. Blocks for as long as the file system does: not for event loops.
    package func refresh() {
        let stamp = Self.stamp(path)
        guard state.withLock({ $0.stamp != stamp || $0.reading.trouble != nil }) else { return }
        do throws(TokenFileError) {
            take(try Self.read(path), stamp)
            logger.info("the token file was read again", metadata: ["tokens": "\(reading.tokens)"])
        } catch {
            let isNews = state.withLock { state in
                defer {
                    state.stamp = stamp
                    state.reading.trouble = error.description
                }
                return state.reading.trouble != error.description
            }
            if isNews {
                logger.error("the token file \(path) cannot be used, the tokens read before stay in use: \(error)")
            }
        }
    }

    private func take(_ tokens: [AccessToken], _ stamp: Stamp?) {
        let reading = Reading(tokens: tokens.count, loadedAt: wallMilliseconds())
        state.withLock { $0 = State(tokens: tokens, reading: reading, stamp: stamp) }
    }

    private static func stamp(_ path: String) -> Stamp? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return Stamp(
            device: UInt(status.st_dev),
            inode: UInt(status.st_ino),
            size: Int(status.st_size),
            seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec
        )
    }

    private static func read(_ path: String) throws(TokenFileError) -> [AccessToken] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TokenFileError(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TokenFileError(String(cString: strerror(errno))) }
            if count == 0 { return try TokenFile.parse(bytes) }
            bytes += buffer.prefix(count)
            guard bytes.count <= AuthenticationLimits.fileBytes else {
                throw TokenFileError("it is larger than \(AuthenticationLimits.fileBytes) bytes")
            }
        }
    }
}
