import Glibc

/// A directory that can become read-only or full, as a volume does: a small file system in memory where this user may mount one,
/// otherwise a directory without the right to write.
package final class TestVolume {
    package let path: String
    private let isMounted: Bool

    /// A volume of some megabytes below /tmp.
    package init(megabytes: Int = 8) {
        var template = Array("/tmp/test-volume-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        isMounted = TestVolume.run("mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700", "tmpfs", path])
    }

    deinit {
        if isMounted {
            TestVolume.run("umount", ["-l", path])
        } else {
            chmod(path, 0o700)
            for name in names { unlink("\(path)/\(name)") }
        }
        rmdir(path)
    }

    /// Whether it can be made full, and read-only for everybody: only what is mounted can.
    package var isReal: Bool { isMounted }

    /// Whether `setWritable(false)` works: the superuser is held back by a mount alone.
    package var canBeReadOnly: Bool { isMounted || geteuid() != 0 }

    package var names: [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Takes the right to write away, or gives it back. Nothing may have a file of it open for writing.
    package func setWritable(_ isWritable: Bool) {
        if isMounted {
            // Somebody may be about to close a file.
            let deadline = ContinuousClock.now + .seconds(5)
            var isDone = false
            while !isDone, ContinuousClock.now < deadline {
                isDone = TestVolume.run("mount", ["-o", isWritable ? "remount,rw" : "remount,ro", path])
            }
            precondition(isDone, "the volume is in use")
        } else {
            for name in names { chmod("\(path)/\(name)", isWritable ? 0o600 : 0o400) }
            chmod(path, isWritable ? 0o700 : 0o500)
        }
    }

    /// Fills what is left, but for some bytes.
    package func fill(leaving bytes: Int = 0) {
        let descriptor = open("\(path)/filler", O_WRONLY | O_CREAT, 0o600)
        precondition(descriptor >= 0)
        let block = [UInt8](repeating: 0, count: 4_096)
        while write(descriptor, block, block.count) > 0 {}
        var status = stat()
        fstat(descriptor, &status)
        ftruncate(descriptor, max(0, status.st_size - off_t(bytes)))
        close(descriptor)
    }

    /// Gives back what `fill` took.
    package func empty() { unlink("\(path)/filler") }

    /// Copies files from another directory.
    package func take(_ names: [String], from other: String) {
        for name in names {
            let source = open("\(other)/\(name)", O_RDONLY)
            guard source >= 0 else { continue }
            let target = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(source, &buffer, buffer.count), count > 0 { _ = write(target, buffer, count) }
            close(source)
            close(target)
        }
    }

    /// Runs a program of the system and waits for it; true when it succeeds.
    @discardableResult
    private static func run(_ program: String, _ arguments: [String]) -> Bool {
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var process = pid_t()
        guard posix_spawnp(&process, program, &actions, nil, &words, environ) == 0 else { return false }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}
