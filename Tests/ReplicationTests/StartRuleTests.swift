import DynamoDBClient
import DynamoDBStream
import Testing

@testable import Replication

@Suite struct StartRuleTests {
    private func error(_ kind: DynamoDBError.Kind, _ code: DynamoDBError.Code = "Code") -> DynamoDBError {
        DynamoDBError(kind: kind, operation: "Scan", subject: "t", code: code, message: "broke", hint: "Mend it.")
    }

    private func rule(_ timeout: Duration?, servesReaders: Bool = false) -> StartRule {
        var settings = ReplicationSettings(tableName: "t")
        settings.startTimeout = timeout
        return StartRule(settings, servesReaders: servesReaders)
    }

    /// Calls that fail in the same way at each of these moments.
    private func calls(
        _ error: DynamoDBError,
        of operation: String = "Scan",
        failingAt moments: [Duration]
    ) -> CallHistory {
        var calls = CallHistory(memory: .seconds(86_400))
        let subject = CallHistory.Subject(operation: operation, name: "t")
        for moment in moments {
            calls.began(subject, at: moment)
            calls.failed(subject, error, at: moment)
        }
        return calls
    }

    @Test(
        "trouble that can pass is waited for without an end, or until the end that was set",
        arguments: [DynamoDBError.Kind.throttled, .transient, .malformed, .expiredCredentials]
    )
    func passing(_ kind: DynamoDBError.Kind) {
        let day = calls(error(kind), of: "DescribeTable", failingAt: [.zero, .seconds(86_400)])
        #expect(rule(nil).failure(day, at: .seconds(86_400), isSearching: true) == nil)
        #expect(rule(.seconds(10), servesReaders: true).failure(day, at: .seconds(86_400), isSearching: true) == nil)
        #expect(rule(nil).refusal(day, isBookmarked: false) == nil)
        let early = calls(error(kind), of: "DescribeTable", failingAt: [.zero, .milliseconds(9_999)])
        #expect(rule(.seconds(10)).failure(early, at: .milliseconds(9_999), isSearching: true) == nil)
        #expect(
            rule(.seconds(10)).failure(
                calls(error(kind), of: "DescribeTable", failingAt: [.zero, .seconds(10)]),
                at: .seconds(10),
                isSearching: true
            )
                == ReplicationFailure(
                    kind: .runtime,
                    message: "Scan t failed: Code: broke",
                    hint: "Mend it. The start was given up after 10s (--start-timeout; 0 waits until it works)."
                )
        )
    }

    @Test("what no waiting can mend ends the start soon, whatever its limit", arguments: [nil, Duration.seconds(600)])
    func lasting(_ timeout: Duration?) {
        for kind in [DynamoDBError.Kind.accessDenied, .notFound, .fatal] {
            let (short, long) = ([Duration.zero, .milliseconds(5_999)], [Duration.zero, .seconds(6)])
            #expect(rule(timeout).refusal(calls(error(kind), failingAt: short), isBookmarked: false) == nil)
            let lasting = calls(error(kind), failingAt: long)
            #expect(rule(timeout).refusal(lasting, isBookmarked: false) == ReplicationFailure(error(kind)))
            let late = rule(timeout).refusal(lasting, isBookmarked: true)
            #expect(late == (kind == .accessDenied ? ReplicationFailure(error(kind)) : nil))
        }
        let missing = calls(error(.accessDenied, "CredentialsNotFound"), failingAt: [.zero, .seconds(60)])
        #expect(rule(timeout).refusal(missing, isBookmarked: false) == nil)
        let unknown = calls(error(.notFound), of: "DescribeStream", failingAt: [.zero, .seconds(60)])
        #expect(rule(timeout).refusal(unknown, isBookmarked: false) == nil, "the table is described again")
    }

    @Test("a refusal that is shorter than a short limit keeps its own status and its own words")
    func shortLimit() {
        let denied = calls(error(.accessDenied), failingAt: [.zero, .seconds(2)])
        #expect(
            rule(.seconds(2)).failure(denied, at: .seconds(2), isSearching: true)
                == ReplicationFailure(error(.accessDenied))
        )
    }

    @Test("while readers are served, denied calls are waited out, and nothing else that no waiting can mend")
    func servesReaders() {
        let rule = rule(.seconds(10), servesReaders: true)
        let denied = calls(error(.accessDenied), failingAt: [.zero, .seconds(60)])
        #expect(
            rule.refusal(denied, isBookmarked: false) == nil
                && rule.failure(denied, at: .seconds(60), isSearching: true) == nil
        )
        #expect(rule.failure(describing: "t", error(.accessDenied)) == nil)
        #expect(rule.failure(describing: "t", error(.fatal)) == ReplicationFailure(error(.fatal)))
        #expect(rule.failure(describing: "t", error(.notFound)) == .noTable(error(.notFound), "t"))
        let gone = calls(error(.notFound), failingAt: [.zero, .seconds(6)])
        #expect(rule.refusal(gone, isBookmarked: false) == ReplicationFailure(error(.notFound)))
    }

    @Test("a table that cannot be described ends the start at once where no waiting can mend it")
    func describing() {
        for kind in [DynamoDBError.Kind.accessDenied, .fatal] {
            #expect(rule(nil).failure(describing: "t", error(kind)) == ReplicationFailure(error(kind)))
        }
        #expect(rule(nil).failure(describing: "t", error(.notFound)) == .noTable(error(.notFound), "t"))
        #expect(rule(.zero).failure(describing: "t", error(.transient)) == nil)
        #expect(rule(.zero).failure(describing: "t", error(.accessDenied, "CredentialsNotFound")) == nil)
    }

    @Test(
        "a shard of a saved state is lost when it is not found for a while",
        arguments: ["GetShardIterator", "GetRecords"]
    )
    func lostShard(_ operation: String) {
        let short = calls(error(.notFound), of: operation, failingAt: [.zero, .seconds(5)])
        #expect(rule(nil).lostShard(short) == nil)
        let long = calls(error(.notFound), of: operation, failingAt: [.zero, .seconds(6)])
        #expect(rule(nil).lostShard(long) == error(.notFound))
        #expect(rule(nil).lostShard(calls(error(.fatal), of: operation, failingAt: [.zero, .seconds(6)])) == nil)
        #expect(
            rule(nil).lostShard(calls(error(.notFound), of: "DescribeStream", failingAt: [.zero, .seconds(6)])) == nil
        )
    }

    @Test("a start that never had a response says so")
    func silence() {
        var calls = CallHistory(memory: .seconds(30))
        calls.began(CallHistory.Subject(operation: "DescribeTable", name: "t"), at: .zero)
        let failure = rule(.milliseconds(1_500)).failure(calls, at: .milliseconds(1_500), isSearching: true)
        #expect(
            failure?.description
                == "DescribeTable t has had no response. Check the endpoint, the region and the network. "
                + "The start was given up after 1500ms (--start-timeout; 0 waits until it works)."
        )
        #expect(failure?.exitCode == 1)
    }
}
