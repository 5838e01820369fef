import AWSClient
import StreamModel
import Testing

@testable import Replication

@Suite struct ReplicatorFailureTests {
    @Test("a table without a stream is a configuration failure with the line that enables one")
    func noStream() async {
        let harness = ReplicatorHarness(StreamModel("A"))
        harness.endpoint.change { $0.streamEnabled = false }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        #expect(
            failure?.description
                == "table demo has no stream, so its changes cannot be followed. Enable one: aws dynamodb update-table "
                + "--table-name demo --stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
        )
    }

    @Test(
        "an unknown table and a refused identity are configuration failures at once",
        arguments: [
            AWSError.Kind.notFound, .accessDenied, .fatal,
        ]
    )
    func refused(_ kind: AWSError.Kind) async {
        var model = StreamModel("A")
        model.outages["DescribeTable"] = StreamModel.error(kind, "DescribeTable", "demo")
        let failure = await ReplicatorHarness(model).failure()
        #expect(failure?.exitCode == 78)
        #expect(failure?.message.contains("demo") == true)
    }

    @Test("an endpoint that never answers is a runtime failure within ten seconds, in its own words")
    func unreachable() async {
        var model = StreamModel("A")
        model.outages["DescribeTable"] = StreamModel.error(.transient, "DescribeTable", "demo")
        let harness = ReplicatorHarness(model)
        let began = harness.time.now
        let failure = await harness.failure()
        #expect(failure?.exitCode == 1)
        #expect(failure?.message == "DescribeTable demo failed: transient: said the model")
        #expect(harness.time.now - began >= .seconds(6))
    }

    @Test(
        "a stream that may be listed but not read fails the start; so does a scan that is not allowed",
        arguments: [
            "GetRecords", "GetShardIterator", "DescribeStream", "Scan",
        ]
    )
    func denied(_ operation: String) async {
        var model = StreamModel("A")
        model.outages[operation] = StreamModel.error(.accessDenied, operation, "demo")
        let failure = await ReplicatorHarness(model).failure()
        #expect(failure?.exitCode == 78)
        #expect(failure?.message.contains("\(operation) demo failed: accessDenied") == true)
    }

    @Test("a stream of keys whose items may not be read fails the start, and says which call to allow")
    func deniedItems() async throws {
        var model = StreamModel("A")
        model.outages["BatchGetItem"] = StreamModel.error(.accessDenied, "BatchGetItem", "demo")
        let harness = ReplicatorHarness(model)
        harness.endpoint.change { state in
            state.viewType = .keysOnly
            state.beforeScanPage = { model, _ in model.write("k", "\(model.lastSequence)") }
        }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        #expect(failure?.message.contains("BatchGetItem demo failed: accessDenied") == true)
    }
}
