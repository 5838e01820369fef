import Digest
import Dispatch
import Glibc
import Logging
import Synchronization
import Telemetry
import TestTools
import Testing

@testable import API

/// The file of tokens while it changes, or the file system fails.
@Suite struct TokenStoreTests {
    /// A clock and the lines of a log.
    private final class Surroundings: Sendable {
        private let state = Mutex((time: Duration.seconds(1000), lines: ""))
        var now: Duration { state.withLock { $0.time } }
        var lines: String { state.withLock { $0.lines } }
        func advance(_ duration: Duration) { state.withLock { $0.time += duration } }
        func append(_ line: [UInt8]) { state.withLock { $0.lines += String(decoding: line, as: UTF8.self) } }
    }

    /// A directory of its own for each test.
    private final class Folder {
        let path: String
        var file: String { path + "/tokens.json" }

        init() throws {
            var name = Array("/tmp/tablecast-store-XXXXXX".utf8CString)
            try #require(mkdtemp(&name) != nil)
            path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }

        func write(_ tokens: [String]) throws {
            let entries = tokens.map { #"{"name": "\#($0)", "token": "\#($0)-0123456789abcdef", "scopes": ["read"]}"# }
            let handle = try #require(fopen(file, "w"))
            fputs(#"{"tokens": [\#(entries.joined(separator: ","))]}"#, handle)
            fclose(handle)
        }

        deinit {
            unlink(file)
            rmdir(file)
            rmdir(path)
        }
    }

    private func store(
        _ path: String,
        _ surroundings: Surroundings,
        access: TokenFileAccess = .system
    ) throws -> TokenStore {
        let logger = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, level: .info, write: { surroundings.append($0) })
        }
        return try TokenStore(
            path: path,
            logger: logger,
            wallMilliseconds: { 0 },
            continuous: { surroundings.now },
            access: access
        )
    }

    private func knows(_ store: TokenStore, _ name: String) -> Bool {
        store.token(with: SHA256Digest("\(name)-0123456789abcdef".utf8)) != nil
    }

    @Test("a file of equal length with its old modification time put back is read again")
    func keptTimes() throws {
        let folder = try Folder()
        try folder.write(["a"])
        var before = stat()
        try #require(stat(folder.file, &before) == 0)
        let store = try store(folder.file, Surroundings())
        try folder.write(["b"])
        var times = [before.st_atim, before.st_mtim]
        try #require(utimensat(AT_FDCWD, folder.file, &times, 0) == 0)
        #expect(store.refresh())
        #expect(!knows(store, "a"))
        #expect(knows(store, "b"))
    }

    @Test("a file that looks unchanged is read again every minute")
    func everyMinute() throws {
        let surroundings = Surroundings()
        let folder = try Folder()
        try folder.write(["a"])
        var access = TokenFileAccess.system
        let stamp = access.stamp(folder.file)
        access.stamp = { _ in stamp }
        let store = try store(folder.file, surroundings, access: access)
        try folder.write(["b"])
        surroundings.advance(.seconds(59))
        #expect(!store.refresh())
        #expect(knows(store, "a"))
        surroundings.advance(.seconds(1))
        #expect(store.refresh())
        #expect(knows(store, "b") && !knows(store, "a"))
        let lines = surroundings.lines
        surroundings.advance(.seconds(61))
        #expect(!store.refresh())
        #expect(surroundings.lines == lines, "reading the same again is no news")
    }

    @Test("a file that looks unchanged is read when it is asked for, and the log says what came of it")
    func asked() throws {
        let surroundings = Surroundings()
        let folder = try Folder()
        try folder.write(["a"])
        var access = TokenFileAccess.system
        let stamp = access.stamp(folder.file)
        access.stamp = { _ in stamp }
        let store = try store(folder.file, surroundings, access: access)
        try folder.write(["b"])
        #expect(!store.refresh())
        #expect(store.refresh(isAsked: true))
        #expect(knows(store, "b") && !knows(store, "a"))
        #expect(!store.refresh(isAsked: true))
        func said(_ words: String) -> Int { surroundings.lines.split(separator: "\n").count { $0.contains(words) } }
        #expect(said("the token file was read again tokens=1") == 2)
        truncate(folder.file, 7)
        for _ in 0..<2 { #expect(!store.refresh(isAsked: true)) }
        #expect(said("the tokens read before stay in use") == 2)
        #expect(knows(store, "b"))
    }

    @Test("a FIFO or a directory in its place blocks nothing, is named, and the old tokens stay until a file is back")
    func notAFile() throws {
        for (kind, make) in [
            ("a FIFO", { (path: String) in mkfifo(path, 0o600) }),
            ("a directory", { (path: String) in mkdir(path, 0o700) }),
        ] {
            let surroundings = Surroundings()
            let folder = try Folder()
            try folder.write(["a"])
            let store = try store(folder.file, surroundings)
            unlink(folder.file)
            try #require(make(folder.file) == 0)
            #expect(!store.refresh())
            #expect(knows(store, "a"))
            #expect(store.reading.trouble?.hasPrefix("it is \(kind) and not a regular file") == true)
            #expect(surroundings.lines.contains("cannot be used, the tokens read before stay in use: it is \(kind)"))
            unlink(folder.file)
            rmdir(folder.file)
            try folder.write(["b"])
            #expect(store.refresh())
            #expect(store.reading.trouble == nil)
            #expect(knows(store, "b"))
        }
    }

    @Test("a file system that hangs is reported by those who look, and the reload goes on when it answers")
    func hanging() async throws {
        let surroundings = Surroundings()
        let folder = try Folder()
        try folder.write(["a"])
        let release = DispatchSemaphore(value: 0)
        let entered = DispatchSemaphore(value: 0)
        let isHanging = Mutex(false)
        let system = TokenFileAccess.system
        let access = TokenFileAccess(
            stamp: { path in
                if isHanging.withLock({ $0 }) {
                    entered.signal()
                    release.wait()
                }
                return system.stamp(path)
            },
            read: system.read
        )
        let store = try store(folder.file, surroundings, access: access)
        let changes = Mutex(0)
        let reloader = TokenReloader(store) { changes.withLock { $0 += 1 } }
        isHanging.withLock { $0 = true }
        reloader.tick()
        #expect(entered.wait(timeout: .now() + 20) == .success)
        try folder.write(["b"])
        for _ in 0..<13 {
            surroundings.advance(.seconds(1))
            reloader.tick()
        }
        #expect(store.reading.trouble?.hasPrefix("the last check that came to an end is 13 s old") == true)
        #expect(knows(store, "a"))
        #expect(surroundings.lines.split(separator: "\n").count { $0.contains("cannot be checked") } == 1)
        isHanging.withLock { $0 = false }
        release.signal()
        #expect(await comesTrue { changes.withLock { $0 } == 1 })
        #expect(knows(store, "b"))
        reloader.tick()
        #expect(store.reading.trouble == nil)
        #expect(surroundings.lines.contains("can be checked again"))
    }

    @Test("a token upholds what it opened while its scope and keys are the same, whatever its name")
    func upholds() throws {
        let folder = try Folder()
        try folder.write(["a", "b"])
        let store = try store(folder.file, Surroundings())
        let token = try #require(store.token(with: SHA256Digest("a-0123456789abcdef".utf8)))
        #expect(store.upholds(token, .read))
        #expect(!store.upholds(token, .stream))
        let other = KeyRestriction(partition: .exactly("p"), sortPrefix: nil)
        let restricted = AccessToken(name: "a", digest: token.digest, scopes: token.scopes, keys: other)
        #expect(!store.upholds(restricted, .read))
        let renamed = AccessToken(name: "z", digest: token.digest, scopes: token.scopes, keys: nil)
        #expect(store.upholds(renamed, .read))
        try folder.write(["b"])
        #expect(store.refresh())
        #expect(!store.upholds(token, .read))
    }
}
