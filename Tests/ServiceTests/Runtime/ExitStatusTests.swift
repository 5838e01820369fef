import ArgumentParser
import DynamoDBClient
import Replication
import Testing

@testable import Service

@Suite struct ExitStatusTests {
    private struct Root: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "tablecast")
        @Option var number: Int
    }

    private func failure(_ kind: DynamoDBError.Kind) -> StartUpError {
        StartUpError(
            DynamoDBError(
                kind: kind,
                operation: "DescribeTable",
                subject: "orders",
                code: "Code",
                message: "it was so",
                hint: "Do this."
            )
        )
    }

    @Test("calls what only somebody can mend a configuration, and the rest a failure")
    func kinds() {
        #expect(failure(.notFound).status == .configuration)
        #expect(failure(.accessDenied).status == .configuration)
        #expect(failure(.transient).status == .failure)
        #expect(failure(.throttled).status == .failure)
        #expect(failure(.transient).description == "DescribeTable orders failed: Code: it was so. Do this.")
    }

    @Test("makes one line of every error")
    func lines() {
        let (line, status) = Program.verdict(Root.self, failure(.notFound))
        #expect(status == .configuration)
        #expect(line.hasPrefix("DescribeTable orders failed"))
        do {
            _ = try Root.parse(["--number", "x"])
            Issue.record("parsed")
        } catch {
            let (line, status) = Program.verdict(Root.self, error)
            #expect(status == .usage)
            #expect(!line.contains("\n"))
            #expect(line.contains("--number"))
            #expect(line.hasSuffix("see tablecast --help"))
        }
    }
}
