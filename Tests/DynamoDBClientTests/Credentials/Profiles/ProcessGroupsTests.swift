import Basics
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct ProcessGroupsTests {
    private let groups = ProcessGroups()
    private let directory = TemporaryDirectory()

    private func shell(_ script: String, _ variables: [String: String] = [:]) -> ChildProcess {
        ChildProcess(
            words: ["/bin/sh", "-c", script],
            environment: variables,
            outputBytes: 1_000,
            complaintBytes: 1_000,
            timeLimit: .seconds(60),
            groups: groups
        )
    }

    @Test("the end of this process kills the program with all that it started")
    func ending() async throws {
        // A pipe that ends when the last of the group has ended.
        let fifo = "\(directory.path)/fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        defer { unlink(fifo) }
        let reader = Glibc.open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let program = shell("exec 3> \"$FIFO\"; trap '' TERM; sleep 600 & echo up >&3; sleep 600", ["FIFO": fifo])
        async let outcome = FileQueue()
            .run { () throws(DynamoDBError) in (try? program.run())?.ending }
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(await comesTrue { read(reader, &bytes, bytes.count) == 3 }, "it does not run")
        groups.endAll()
        #expect(try await outcome == .signalled(SIGKILL))
        #expect(await comesTrue { read(reader, &bytes, bytes.count) == 0 }, "something of it still runs")
    }

    @Test("no program begins once this process is ending")
    func closed() {
        groups.endAll()
        #expect(throws: ChildProcess.NotStarted(number: ECANCELED)) { try shell("exit 0").run() }
    }

    @Test("a program that ended by itself is forgotten, and a later end of this process does not look for it")
    func forgotten() throws {
        #expect(try shell("exit 3").run().ending == .exited(3))
        groups.endAll()
    }
}
