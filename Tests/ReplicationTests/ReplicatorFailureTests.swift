import DynamoDBClient
import ReplicaStore
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
            DynamoDBError.Kind.notFound, .accessDenied, .fatal,
        ]
    )
    func refused(_ kind: DynamoDBError.Kind) async {
        var model = StreamModel("A")
        model.outages["DescribeTable"] = StreamModel.error(kind, "DescribeTable", "demo")
        let failure = await ReplicatorHarness(model).failure()
        #expect(failure?.exitCode == 78)
        #expect(failure?.message.contains("demo") == true)
    }

    @Test(
        "an endpoint that never answers is a runtime failure when the start may wait no longer, in its own words",
        arguments: ["DescribeTable", "DescribeStream", "GetShardIterator"]
    )
    func unreachable(_ operation: String) async {
        var model = StreamModel("A")
        model.outages[operation] = StreamModel.error(.transient, operation, "demo")
        // Slow, here and below: a machine that stands still for a moment looks like a call without a response.
        let harness = ReplicatorHarness(model, factor: 4) { $0.startTimeout = .seconds(20) }
        let began = harness.time.now
        let failure = await harness.failure()
        #expect(failure?.exitCode == 1)
        #expect(failure?.message == "\(operation) demo failed: transient: said the model")
        #expect(failure?.hint.hasSuffix("given up after 20s (--start-timeout; 0 waits until it works).") == true)
        #expect(harness.time.now - began >= .seconds(20))
    }

    @Test(
        "calls that have no response end a start that may wait no longer, whichever it waits for",
        arguments: [
            ("DescribeTable", "demo"), ("DescribeStream", "arn:"), ("GetShardIterator", "A"), ("GetRecords", "A"),
            ("Scan", "demo"),
        ]
    )
    func hanging(_ operation: String, _ subject: String) async {
        var model = StreamModel("A")
        model.write("k", "1")
        let harness = ReplicatorHarness(model, factor: 4) { $0.startTimeout = .seconds(20) }
        harness.endpoint.change { $0.hanging = [operation] }
        let began = harness.time.now
        let failure = await harness.failure()
        #expect(failure?.exitCode == 1)
        #expect(failure?.message.hasPrefix("\(operation) \(subject)") == true)
        #expect(failure?.message.hasSuffix(" has had no response") == true)
        #expect(failure?.hint.hasSuffix("given up after 20s (--start-timeout; 0 waits until it works).") == true)
        #expect(harness.time.now - began >= .seconds(20))
    }

    @Test("a scan whose later pages fail ends a start that may wait no longer")
    func laterPages() async {
        var model = StreamModel("A")
        for number in 0..<9 { model.write("k\(number)", "1") }
        let harness = ReplicatorHarness(model, factor: 4) {
            $0.startTimeout = .seconds(20)
            $0.scanSegments = 1
        }
        harness.endpoint.change {
            $0.beforeScanPage = { model, _ in model.outages["Scan"] = StreamModel.error(.transient, "Scan", "demo") }
        }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 1 && failure?.message == "Scan demo failed: transient: said the model")
    }

    @Test("a scan whose pages arrive goes on for longer than a start may wait for one response")
    func slowScan() async throws {
        var model = StreamModel("A")
        for number in 0..<75 { model.write("k\(number)", "1") }
        let harness = ReplicatorHarness(model, factor: 1) {
            $0.startTimeout = .seconds(8)
            $0.scanSegments = 1
        }
        harness.endpoint.change { $0.scanTime = .milliseconds(400) }
        let began = harness.time.now
        try await harness.run { harness in
            await harness.waitLive()
            #expect(harness.items == harness.table)
            #expect(harness.time.now - began > .seconds(8))
        }
    }

    @Test(
        "one denied call after trouble that lasted is waited out: a denial counts from the first one in a row",
        arguments: ["GetRecords", "GetShardIterator", "Scan"]
    )
    func deniedOnce(_ operation: String) async throws {
        var model = StreamModel("A")
        model.write("k", "1")
        model.outages[operation] = StreamModel.error(.transient, operation, "demo")
        let harness = ReplicatorHarness(model)
        try await harness.run { harness in
            let began = harness.time.now
            await harness.wait("longer than a denial is waited out") { $0.time.now - began > .seconds(9) }
            harness.endpoint.change { state in
                let denied = StreamModel.error(.accessDenied, operation, "demo")
                state.model.faults[operation == "Scan" ? "Scan demo" : "\(operation) A"] = [denied]
                state.model.outages = [:]
            }
            await harness.waitLive()
            #expect(harness.items == harness.table)
        }
        let isDenied = harness.observer.events.contains { event in
            switch event {
            case .shardTrouble(_, let error), .tableTrouble(let error): error.kind == .accessDenied
            default: false
            }
        }
        #expect(isDenied)
    }

    @Test(
        "without a limit a start waits for whatever can pass, says what it waits for, and goes on",
        arguments: ["DescribeTable", "DescribeStream", "Scan"],
        [DynamoDBError.Kind.transient, .throttled, .expiredCredentials]
    )
    func waits(_ operation: String, _ kind: DynamoDBError.Kind) async throws {
        var model = StreamModel("A")
        model.write("k", "1")
        model.outages[operation] = StreamModel.error(kind, operation, "demo")
        let harness = ReplicatorHarness(model, factor: 100)
        try await harness.run { harness in
            let began = harness.time.now
            await harness.wait("longer than a start may be refused") { $0.time.now - began > .seconds(60) }
            #expect(harness.store.snapshot == nil)
            await harness.wait("the reason") { harness in
                harness.status.reason.contains("\(operation) demo failed")
                    && harness.status.reasonCode == ReasonCode(kind)
            }
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            #expect(harness.items == harness.table)
        }
        let waits = harness.observer.events.contains { if case .startWaits = $0 { true } else { false } }
        #expect(waits || operation != "DescribeTable")
    }

    @Test("credentials that are not there yet are waited for, and have a reason of their own")
    func missingCredentials() async throws {
        var model = StreamModel("A")
        let missing = DynamoDBError(
            kind: .accessDenied,
            operation: "DescribeTable",
            subject: "credentials",
            code: "CredentialsNotFound",
            message: "no AWS credentials",
            hint: "Give some."
        )
        model.outages["DescribeTable"] = missing
        let harness = ReplicatorHarness(model)
        try await harness.run { harness in
            await harness.wait("the reason") { $0.status.reasonCode == .credentialsMissing }
            #expect(harness.status.state == .starting)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
        }
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

    @Test("a table that goes on naming a stream which is not found fails the start, with both named")
    func streamNotFound() async {
        var model = StreamModel("A")
        model.outages["DescribeStream"] = StreamModel.error(.notFound, "DescribeStream", "demo")
        // Slower than the other tests: the bound is to be kept on a machine that stands still for a moment, too.
        let harness = ReplicatorHarness(model, factor: 4)
        let began = harness.time.now
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        let text = failure?.description ?? ""
        #expect(text.hasPrefix("table demo names the stream arn:aws:dynamodb:"))
        #expect(text.contains("which DynamoDB Streams does not know. Check that both services are asked in one region"))
        #expect((.seconds(6)...(.seconds(60))).contains(harness.time.now - began))
    }

    @Test("a stream that is not found makes the table be described again: a new stream is gone on with")
    func newStream() async throws {
        var model = StreamModel("A")
        model.write("k", "1")
        model.outages["DescribeStream"] = StreamModel.error(.notFound, "DescribeStream", "demo")
        let harness = ReplicatorHarness(model) { $0.limits.startLimit = .seconds(600) }
        try await harness.run { harness in
            await harness.wait("the trouble to be said") { $0.status.reasonCode == .streamMissing }
            harness.endpoint.change { state in
                state.model.streamARN += "7"
                state.model.outages = [:]
            }
            await harness.waitLive()
            #expect(harness.items == harness.table)
            #expect(harness.status.streamARN?.hasSuffix("7") == true)
        }
    }

    @Test(
        "a stream or a shard that is not found, of a table that is gone or has no stream any more, fails the start by that",
        arguments: ["DescribeStream", "GetRecords"],
        [true, false]
    )
    func tableChanged(_ operation: String, isGone: Bool) async {
        var model = StreamModel("A")
        model.outages[operation] = StreamModel.error(.notFound, operation, "demo")
        let harness = ReplicatorHarness(model) { $0.limits.startLimit = .seconds(600) }
        let running = Task { await harness.failure() }
        await harness.wait("the first call") { harness in
            harness.endpoint.change { $0.model.calls.contains { $0.call.hasPrefix(operation) } }
        }
        harness.endpoint.change { state in
            if isGone {
                state.model.outages["DescribeTable"] = StreamModel.error(.notFound, "DescribeTable", "demo")
            } else {
                state.streamEnabled = false
            }
        }
        let failure = await running.value
        #expect(failure?.exitCode == 78)
        let text = failure?.description ?? ""
        #expect(text.hasPrefix(isGone ? "table demo was not found" : "table demo has no stream"), "\(text)")
    }

    @Test("a shard that is listed and never found fails the start by the call that does not find it")
    func shardNotFound() async {
        var model = StreamModel("A")
        model.outages["GetShardIterator"] = StreamModel.error(.notFound, "GetShardIterator", "shard A")
        let failure = await ReplicatorHarness(model).failure()
        #expect(failure?.exitCode == 78)
        #expect(failure?.message.contains("GetShardIterator shard A failed: notFound") == true)
    }
}
