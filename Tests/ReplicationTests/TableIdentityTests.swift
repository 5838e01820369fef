import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import Replication

@Suite struct TableIdentityTests {
    private static let own = "arn:aws:dynamodb:eu-central-1:111111111111:table/orders"

    private func description(_ arn: String, _ streamARN: String?, name: String = "orders") -> TableDescription {
        TableDescription(
            name: name,
            arn: arn,
            status: "ACTIVE",
            keySchema: FakeEndpoint.schema,
            latestStreamARN: streamARN,
            streamEnabled: true,
            streamViewType: nil,
            approximateItemCount: 0
        )
    }

    @Test("calls name the table as the setting does, by its name or its whole ARN", arguments: ["orders", own])
    func reference(setting: String) throws {
        let verdict = ReplicationTarget.judge(description(Self.own, Self.own + "/stream/1"), TableIdentity(setting))
        guard case .ready(let target) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(target.tableReference == setting)
        #expect(target.tableName == "orders")
    }

    @Test(
        "an ARN of another account, Region, partition or table is a configuration failure that says which, with a hint",
        arguments: [
            (
                "arn:aws:dynamodb:eu-central-1:222222222222:table/orders",
                "its account is 222222222222, not 111111111111"
            ),
            ("arn:aws:dynamodb:us-east-1:111111111111:table/orders", "its Region is us-east-1, not eu-central-1"),
            ("arn:aws-us-gov:dynamodb:eu-central-1:111111111111:table/orders", "its partition is aws-us-gov, not aws"),
            ("arn:aws:dynamodb:eu-central-1:111111111111:table/others", "its table is others, not orders"),
        ]
    )
    func foreign(arn: String, difference: String) {
        var known = TableIdentity("orders")
        known.learn(description(Self.own, nil))
        for identity in [TableIdentity(Self.own), known] {
            let failure = identity.mismatch(description(arn, arn + "/stream/1"))
            #expect(failure?.message.contains(difference) == true, "\(failure?.message ?? "none")")
            #expect(failure?.exitCode == 78)
            #expect(failure?.hint.contains("aws sts get-caller-identity") == true)
        }
        for identity in [TableIdentity(Self.own), known, TableIdentity("orders")] {
            let failure = identity.mismatch(description(Self.own, arn + "/stream/1"))
            #expect(failure?.message.contains("names a stream of another table") == true)
            #expect(failure?.message.contains(difference) == true, "\(failure?.message ?? "none")")
        }
        #expect(TableIdentity("orders").mismatch(description(Self.own, nil, name: "others")) != nil)
    }

    @Test(
        "what compatible endpoints call tables and streams is taken where nothing contradicts it",
        arguments: [
            ("", nil), ("", "S0123"), ("arn:scylla:alternator:k:scylla:table/orders", "S0123"),
            (
                "arn:aws:dynamodb:ddblocal:000000000000:table/orders",
                "arn:aws:dynamodb:ddblocal:000000000000:table/orders/stream/1"
            ),
        ] as [(String, String?)]
    )
    func compatible(arn: String, streamARN: String?) {
        #expect(TableIdentity("orders").mismatch(description(arn, streamARN)) == nil)
        #expect(TableIdentity(Self.own).mismatch(description(arn, streamARN)) != nil)
    }

    @Test("the first ARN stays the one that others are held against")
    func learning() {
        var identity = TableIdentity("orders")
        identity.learn(description("", "S0123"))
        #expect(identity.arn == nil)
        identity.learn(description("", Self.own + "/stream/1"))
        #expect(identity.arn?.account == "111111111111")
        identity.learn(description("arn:aws:dynamodb:eu-central-1:2:table/orders", nil))
        #expect(identity.arn?.account == "111111111111")
    }
}

/// The replicator over an endpoint that begins to speak of another table.
@Suite struct OtherTableTests {
    private static let other = "arn:aws:dynamodb:eu-central-1:999999999999:table/demo"

    @Test("before the first live a stream of another account ends the start with 78", arguments: [true, false])
    func start(isOfStreams: Bool) async {
        let harness = ReplicatorHarness(StreamModel("A"))
        harness.endpoint.change { state in
            if isOfStreams {
                state.answeredStreamARN = Self.other + "/stream/1"
            } else {
                state.tableARN = Self.other
            }
        }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        let text = failure?.description ?? ""
        let difference =
            isOfStreams
            ? "its account is 999999999999, not 000000000000" : "its account is 000000000000, not 999999999999"
        #expect(text.contains(difference), "\(text)")
    }

    @Test("while live another account's description is a reason and a rebuild, and nothing of it is served")
    func live() async throws {
        var model = StreamModel("A")
        model.write("k", "1")
        let harness = ReplicatorHarness(model) {
            $0.limits.tableCheckInterval = .seconds(5)
            $0.limits.troubledTableCheckInterval = .seconds(2)
        }
        try await harness.run { harness in
            await harness.waitLive()
            let scans = harness.endpoint.change { $0.scanRequests.count }
            harness.endpoint.change { state in
                state.tableARN = Self.other
                state.model.table["k"] = "of another account"
            }
            await harness.wait("the reason") {
                $0.status.state == .rebuilding && $0.status.reasonCode == .otherTable
                    && $0.status.reason.contains("its account is 999999999999, not 000000000000")
            }
            #expect(harness.items == ["k": "1"])
            #expect(harness.endpoint.change { $0.scanRequests.count } == scans, "nothing was read of it")
            harness.endpoint.change { state in
                state.tableARN = nil
                state.model.table["k"] = "1"
            }
            await harness.waitLive()
            #expect(harness.items == ["k": "1"])
        }
    }
}
