import DynamoDBClient
import DynamoDBStream
import Testing

@testable import Replication

@Suite struct StartRuleTests {
    private func error(_ kind: DynamoDBError.Kind, _ code: DynamoDBError.Code = "Code") -> DynamoDBError {
        DynamoDBError(kind: kind, operation: "Scan", subject: "t", code: code, message: "broke", hint: "Mend it.")
    }

    private func rule(_ timeout: Duration?) -> StartRule {
        var settings = ReplicationSettings(tableName: "t")
        settings.startTimeout = timeout
        return StartRule(settings)
    }

    @Test(
        "trouble that can pass is waited for without an end, or until the end that was set",
        arguments: [DynamoDBError.Kind.throttled, .transient, .malformed, .expiredCredentials]
    )
    func passing(_ kind: DynamoDBError.Kind) {
        #expect(rule(nil).failure(error(kind), after: .seconds(86_400)) == nil)
        #expect(rule(.seconds(10)).failure(error(kind), after: .milliseconds(9_999)) == nil)
        #expect(
            rule(.seconds(10)).failure(error(kind), after: .seconds(10))
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
            #expect(rule(timeout).failure(error(kind), after: .seconds(5)) == nil)
            #expect(rule(timeout).failure(error(kind), after: .seconds(6)) == ReplicationFailure(error(kind)))
        }
        #expect(rule(timeout).failure(error(.accessDenied, "CredentialsNotFound"), after: .seconds(60)) == nil)
    }

    @Test("a start that never had a response says so")
    func silence() {
        let failure = rule(.milliseconds(1_500)).gaveUp(waitingFor: "DescribeTable t")
        #expect(
            failure.description
                == "DescribeTable t has had no response. Check the endpoint, the region and the network. "
                + "The start was given up after 1500ms (--start-timeout; 0 waits until it works)."
        )
        #expect(failure.exitCode == 1)
    }

    @Test("no call and no pause goes beyond the end of the start")
    func limits() {
        #expect(rule(nil).callLimit(after: .seconds(100), atMost: .seconds(6)) == .seconds(6))
        #expect(rule(.seconds(10)).callLimit(after: .seconds(7), atMost: .seconds(6)) == .seconds(3))
        #expect(rule(.seconds(10)).callLimit(after: .seconds(11), atMost: .seconds(6)) == .zero)
        #expect(rule(.seconds(10)).isOver(after: .seconds(10)))
        #expect(!rule(nil).isOver(after: .seconds(86_400)))
    }
}
