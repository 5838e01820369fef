import Glibc
import StateStore
import Testing

@Suite struct StateDirectoryTests {
    @Test("a directory in use by somebody else is refused with one line, and free again when that one has gone")
    func locked() throws {
        let fixture = StateFixture()
        var holder: StateDirectory? = try StateDirectory(fixture.path)
        #expect(throws: StateDirectoryError.inUse(path: fixture.path)) { try StateDirectory(fixture.path) }
        #expect(
            StateDirectoryError.inUse(path: "/data").description
                == "the state directory /data is in use by another process: nothing is saved until it is free. "
                + "Stop the other process, or give each one its own with --state-dir"
        )
        _ = holder
        holder = nil
        #expect(throws: Never.self) { try StateDirectory(fixture.path) }
    }

    @Test("only a lock passes by itself: a directory in use is worth waiting for, one that cannot be is not")
    func passing() {
        let unlockable = StateDirectoryError.unlockable(path: "/data", reason: "No locks available")
        #expect(
            unlockable.description
                == "the state directory /data cannot be locked: No locks available. Nothing is saved until it can be. "
                + "Check the volume, and the lock service of a network volume"
        )
        #expect(unlockable.isPassing && StateDirectoryError.inUse(path: "/data").isPassing)
        #expect(!StateDirectoryError.notADirectory(path: "/data").isPassing)
        #expect(!StateDirectoryError.unusable(path: "/data", reason: "Permission denied").isPassing)
        #expect(!StateDirectoryError.unresponsive(path: "/data", seconds: 10).isPassing)
    }

    @Test("a directory is made when it is absent, for its user alone; its parents are not")
    func made() throws {
        let fixture = StateFixture()
        let path = fixture.path + "/new"
        do {
            let directory = try StateDirectory(path)
            #expect(directory.path == path)
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o700)
        }
        StateFixture.remove(path)
        #expect(
            throws: StateDirectoryError.unusable(path: path + "/below", reason: "No such file or directory")
        ) { try StateDirectory(path + "/below") }
    }

    @Test("a file is no directory")
    func file() throws {
        let fixture = StateFixture()
        StateFixture.write([1], to: fixture.path + "/file")
        #expect(throws: StateDirectoryError.notADirectory(path: fixture.path + "/file")) {
            try StateDirectory(fixture.path + "/file")
        }
    }
}
