import DynamoDBClient
import DynamoDBStream
import HTTPServer
import Replication
import Testing

@testable import Service

@Suite struct BudgetTests {
    private static let mebibyte = 1_048_576

    private func available(_ files: [String: String]) -> Int? { MemoryBudget.available { files[$0] } }

    @Test("the memory available is the least of the machine's and of the control group's limits")
    func available() {
        let machine = "MemTotal:  8000 kB\nMemFree: 10 kB\nMemAvailable:    4000 kB\nBuffers: 1 kB\n"
        #expect(available([:]) == nil)
        #expect(available(["/proc/meminfo": machine]) == 4_096_000)
        #expect(available(["/proc/meminfo": machine, "/sys/fs/cgroup/memory.max": "max\n"]) == 4_096_000)
        #expect(available(["/proc/meminfo": machine, "/sys/fs/cgroup/memory.max": "1000\n"]) == 1_000)
        #expect(available(["/sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n"]) == 2_000)
        let second = [
            "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.max": "7\n",
            "/sys/fs/cgroup/a/b/memory.max": "9\n",
        ]
        #expect(available(second) == 7)
        let first = [
            "/proc/self/cgroup": "5:cpu:/x\n3:memory,pids:/a\n", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "8\n",
        ]
        #expect(available(first) == 8)
        #expect(available(["/proc/meminfo": "MemAvailable:\n"]) == nil)
    }

    @Test("the limit is the least of the option and of the control groups, or else the machine's memory; 0 is none")
    func limit() {
        let machine = ["/proc/meminfo": "MemTotal:  8000 kB\nMemAvailable:    4000 kB\n"]
        let group = machine.merging(["/sys/fs/cgroup/memory.max": "1000000\n"]) { $1 }
        func limit(_ option: Int64?, _ files: [String: String]) -> MemoryLimit? {
            MemoryBudget.limit(option: option) { files[$0] }
        }
        #expect(limit(nil, [:]) == nil)
        #expect(limit(nil, machine) == MemoryLimit(bytes: 8_192_000, source: .machine))
        #expect(limit(nil, group) == MemoryLimit(bytes: 1_000_000, source: .controlGroup))
        #expect(limit(500_000, group) == MemoryLimit(bytes: 500_000, source: .option))
        #expect(limit(2_000_000, group) == MemoryLimit(bytes: 1_000_000, source: .controlGroup))
        #expect(limit(9_000_000, machine) == MemoryLimit(bytes: 9_000_000, source: .option))
        #expect(limit(0, group) == nil)
        let unbounded = machine.merging(["/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"]) { $1 }
        #expect(limit(nil, unbounded) == MemoryLimit(bytes: 8_192_000, source: .machine))
    }

    @Test("a sixteenth of it may wait for slow clients, within bounds")
    func pending() {
        func pending(_ megabytes: Int) -> Int {
            MemoryBudget.pendingBytes { $0 == "/sys/fs/cgroup/memory.max" ? "\(megabytes * Self.mebibyte)" : nil }
        }
        #expect(pending(128) == 64 * Self.mebibyte)
        #expect(pending(2_048) == 128 * Self.mebibyte)
        #expect(pending(100_000) == 256 * Self.mebibyte)
        #expect(MemoryBudget.pendingBytes(bound: 2_048 * Self.mebibyte) { _ in nil } == 2_048 * Self.mebibyte / 20)
        // A small container cannot spare 64 MiB.
        #expect(MemoryBudget.pendingBytes(bound: 256 * Self.mebibyte) { _ in nil } == 256 * Self.mebibyte / 20)
        #expect(MemoryBudget.pendingBytes(bound: 64 * Self.mebibyte) { _ in nil } == 4 * Self.mebibyte)
        #expect(MemoryBudget.pendingBytes { _ in nil } == 256 * Self.mebibyte)
    }

    @Test("a replay may hold an eighth of the limit, within bounds")
    func replay() {
        let most = StreamLimits().replayBytes
        #expect(MemoryBudget.replayBytes(bound: nil) == most)
        #expect(MemoryBudget.replayBytes(bound: 1 << 40) == most)
        #expect(MemoryBudget.replayBytes(bound: 1_024 * Self.mebibyte) == 128 * Self.mebibyte)
        #expect(MemoryBudget.replayBytes(bound: 64 * Self.mebibyte) == 8 * Self.mebibyte)
        #expect(MemoryBudget.replayBytes(bound: 1) == 8 * Self.mebibyte)
    }

    @Test("clients get the descriptors that the service does not need itself")
    func descriptors() {
        let usual = DescriptorBudget(descriptors: 1_048_576, asked: 20_000, loops: 2)
        #expect(usual.connections == 20_000 && !usual.isTight)
        #expect(usual.sentence == "at most 20000 connections are served; the limit of open files is 1048576")
        let few = DescriptorBudget(descriptors: 1_024, asked: 20_000, loops: 2)
        #expect(few.connections == 844 && !few.isTight)
        #expect(
            few.sentence
                == "at most 844 connections are served, fewer than the 20000 of --max-connections: the limit of open files is 1024, "
                + "and 180 of them are kept for the service itself. "
                + "Raise it with ulimit -n, LimitNOFILE= or docker run --ulimit nofile=65536."
        )
        let tight = DescriptorBudget(descriptors: 64, asked: 20_000, loops: 2)
        #expect(tight.connections == 16 && tight.isTight)
        #expect(
            tight.sentence.hasPrefix(
                "at most 16 connections are served, and files or calls to DynamoDB may still fail: "
            )
        )
        #expect(DescriptorBudget(descriptors: 64, asked: 3, loops: 2).connections == 3)
    }

    @Test("the descriptors set aside are enough for everything that they are set aside for")
    func reserve() {
        let limits = HTTPServerLimits()
        let ownFiles = 48
        let needed = DynamoDBClientLimits().concurrentRequests + limits.probeSlots + limits.roomSeekers + ownFiles
        #expect(DescriptorBudget.reserve == needed)
    }

    @Test("probes get more slots where descriptors are left over, and few where there are too few")
    func probeSlots() {
        func slots(_ descriptors: Int, _ asked: Int = 20_000) -> Int {
            DescriptorBudget(descriptors: descriptors, asked: asked, loops: 2).probeSlots
        }
        #expect(slots(1_048_576) == 256)
        #expect(slots(1_024) == 32)
        #expect(slots(1_024, 800) == 76)
        #expect(slots(64) == 4)
    }
}
