import Glibc
import Testing

@testable import Service

@Suite struct CPUBudgetTests {
    /// The processors of 8 that may be used, with these files below a root of their own.
    private func budget(_ files: [String: String]) -> CPUBudget {
        let folder = Folder()
        for (path, text) in files { folder.write(text, to: path) }
        return CPUBudget(root: folder.path, allowed: 8)
    }

    private func processors(_ files: [String: String]) -> Int { budget(files).processors }

    @Test("without control groups the processors of the affinity count, at least one")
    func none() {
        #expect(processors([:]) == 8)
        #expect(CPUBudget(root: "/nowhere", allowed: 0).processors == 1)
        #expect(CPUBudget.current.processors >= 1)
        #expect(CPUBudget.current.processors <= CPUBudget.current.allowed)
    }

    @Test("a quota of version 2 is rounded up, and the least of the groups around counts")
    func second() {
        let root = "/sys/fs/cgroup"
        let own = ["/proc/self/cgroup": "0::/a/b\n"]
        #expect(processors(["\(root)/cpu.max": "150000 100000\n"]) == 2)
        #expect(processors(own.merging(["\(root)/a/b/cpu.max": "max 100000\n"]) { $1 }) == 8)
        #expect(processors(own.merging(["\(root)/a/b/cpu.max": "1000 100000\n"]) { $1 }) == 1)
        let nested = own.merging(["\(root)/a/cpu.max": "300000 100000", "\(root)/a/b/cpu.max": "500000 100000"]) { $1 }
        #expect(processors(nested) == 3)
        #expect(budget(nested).quota == 3)
        #expect(processors(own.merging(["\(root)/unified/a/cpu.max": "200000 100000"]) { $1 }) == 2)
        #expect(processors(own.merging(["\(root)/a/b/cpu.max": "9900000 100000"]) { $1 }) == 8)
    }

    @Test("a quota of version 1 counts under each name of its mount")
    func first() {
        let own = ["/proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/a\n"]
        func files(_ folder: String, _ quota: String) -> [String: String] {
            own.merging(["\(folder)/cpu.cfs_quota_us": quota, "\(folder)/cpu.cfs_period_us": "50000\n"]) { $1 }
        }
        #expect(processors(files("/sys/fs/cgroup/cpu,cpuacct/a", "120000\n")) == 3)
        #expect(processors(files("/sys/fs/cgroup/cpu/a", "50000\n")) == 1)
        // In a container the path may be the machine's, and the mount the container's own.
        #expect(processors(files("/sys/fs/cgroup/cpu", "100000\n")) == 2)
        #expect(processors(files("/sys/fs/cgroup/cpu", "-1\n")) == 8)
        #expect(processors(files("/sys/fs/cgroup/memory/x", "50000\n")) == 8)
    }

    @Test(
        "a malformed file is no limit",
        arguments: [
            "", "max", "x 1", "100000", "100000 ", "100000 0", "0 100000", "-1 100000", "99999999999999999999 100000",
            "100000\t5",
        ]
    )
    func malformed(_ text: String) {
        #expect(processors(["/sys/fs/cgroup/cpu.max": text]) == 8)
        #expect(processors(["/proc/self/cgroup": text, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": text]) == 8)
    }

    @Test("a membership that ends anywhere is read as far as it goes")
    func truncated() {
        let line = "4:cpu,cpuacct:/a/b\n0::/c\n"
        for count in 0...line.utf8.count {
            #expect(
                processors([
                    "/proc/self/cgroup": String(line.prefix(count)), "/sys/fs/cgroup/cpu.max": "200000 100000",
                ]) == 2
            )
        }
        let deep = "0::/" + String(repeating: "a/", count: 2_500)
        #expect(processors(["/proc/self/cgroup": deep, "/sys/fs/cgroup/cpu.max": "200000 100000"]) == 2)
    }

    @Test("says how many processors and event loops there are, and why")
    func sentence() {
        #expect(budget([:]).sentence(loops: 8) == "using 8 processor(s), with 8 event loop(s) for HTTP")
        #expect(
            budget(["/sys/fs/cgroup/cpu.max": "50000 100000"]).sentence(loops: 1)
                == "using 1 processor(s), by a quota of 0.5 of 8, with 1 event loop(s) for HTTP"
        )
    }
}

/// A temporary directory; its files go with it.
private final class Folder {
    let path: String
    private var made: [String] = []

    init() {
        var template = Array("/tmp/tablecast-groups-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/nowhere"
        made = [path]
    }

    /// Writes a file, and makes the folders that it is in.
    func write(_ text: String, to file: String) {
        var parent = path
        for segment in file.split(separator: "/").dropLast() {
            parent += "/\(segment)"
            if mkdir(parent, 0o700) == 0 { made.append(parent) }
        }
        guard let stream = fopen(path + file, "w") else { return }
        fputs(text, stream)
        fclose(stream)
        made.append(path + file)
    }

    deinit { for name in made.reversed() { remove(name) } }
}
