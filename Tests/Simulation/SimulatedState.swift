import Glibc
import ReplicaStore
import StateStore

/// The state directory of one life: the real file, in memory where the system has a file system for that, and what a kill leaves of it.
final class SimulatedState {
    private let path: String
    private let directory: StateDirectory
    private let limits: StateLimits
    private var file: StateFile

    init(transaction: Int) {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/simulation-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary directory in \(parent)")
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        do { directory = try StateDirectory(path) } catch { preconditionFailure("\(error)") }
        var limits = StateLimits()
        // Several transactions in one save, of a few records each.
        limits.recordsPerTransaction = transaction
        self.limits = limits
        file = StateFile(directory: directory, limits: limits)
    }

    deinit {
        file.close()
        for name in ["tablecast.lock", "tablecast.sqlite", "tablecast.sqlite-wal"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private var main: String { "\(path)/tablecast.sqlite" }
    private var log: String { "\(path)/tablecast.sqlite-wal" }

    /// Saves; returns what failed.
    func save(_ snapshot: StoreSnapshot, _ mark: StateMark, of identity: StateIdentity) -> StateTrouble? {
        do throws(StateTrouble) {
            _ = try file.save(snapshot, mark, of: identity, isLast: false) { false }
            return nil
        } catch { return error }
    }

    func abandon(_ reason: String) { try? file.abandon(reason) }

    /// The process dies between two saves: what is on the disk stays, and nothing is put in order.
    func kill() { leave(Self.read(main), Self.read(log)) }

    /// The process dies in the middle of a save: of a first one some records are there, of a later one the log ends anywhere
    /// within what it wrote (`place` in a thousand).
    func saveAndTear(_ snapshot: StoreSnapshot, _ mark: StateMark, of identity: StateIdentity, at place: Int) {
        let before = Self.read(log).count
        let number = Self.number(main)
        var transactions = 0
        _ = try? file.save(snapshot, mark, of: identity, isLast: false) {
            transactions += 1
            return transactions * 250 > place
        }
        let bytes = Self.read(log)
        let isSameFile = number == Self.number(main) && bytes.count >= before
        let cut = isSameFile ? before + (bytes.count - before) * place / 1_000 : bytes.count
        leave(Self.read(main), Array(bytes[..<cut]))
    }

    /// The state is not what the next process finds.
    func forget() {
        unlink(main)
        unlink(log)
    }

    func load(_ identity: StateIdentity, at wall: Int64) -> Result<RestoredState?, StateRejection> {
        do throws(StateRejection) {
            return .success(try file.load(expecting: identity, at: wall, storeLimits: StoreLimits()))
        } catch { return .failure(error) }
    }

    /// Ends the connection, which puts the files in order, and then puts back what was there, in the same file: a copy would
    /// not be taken for the original.
    private func leave(_ main: [UInt8], _ log: [UInt8]) {
        file.close()
        Self.write(main, to: self.main)
        Self.write(log, to: self.log)
        file = StateFile(directory: directory, limits: limits)
    }

    private static func number(_ path: String) -> UInt64 {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : 0
    }

    private static func read(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
        return bytes
    }

    private static func write(_ bytes: [UInt8], to path: String) {
        guard !bytes.isEmpty else {
            unlink(path)
            return
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(descriptor) }
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }
}
