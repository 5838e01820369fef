import Basics
import DynamoDBClient
import TableCheck
import Testing

@Suite struct CallTrialTests {
    private func seen(_ table: ScriptedTable) async -> TableObservations {
        let start = TableObservations(table: "orders", region: "eu-central-1", endpoint: "e", streamsEndpoint: "s")
        var limits = CallTrialLimits()
        limits.readPause = .zero
        var trial = CallTrial(start, dynamoDB: table, streams: table, limits: limits)
        return await trial.run()
    }

    @Test("makes each call once, and reads of a shard five times")
    func all() async {
        let seen = await seen(ScriptedTable())
        #expect(seen.outcomes.count == TableCall.allCases.count)
        #expect(seen.outcomes[.scan] == .granted("granted, 1 items read"))
        for call in TableCall.allCases where call != .scan { #expect(seen.outcomes[call] == .granted("granted")) }
        #expect(seen.scannedItems == 1 && seen.scannedUnits == 1)
        #expect(seen.openShards == 1 && seen.reads == 5 && seen.throttledReads == 0)
    }

    @Test("one denied call leaves the others", arguments: ["Scan", "DescribeStream", "GetShardIterator", "GetRecords"])
    func denied(operation: String) async {
        var table = ScriptedTable()
        table.failures[operation] = .accessDenied
        let seen = await seen(table)
        for call in TableCall.allCases {
            switch seen.outcomes[call] {
            case .failed(let error): #expect(call.rawValue == operation && error.kind == .accessDenied)
            case .granted: #expect(call.rawValue != operation)
            case .notTried(let reason): #expect(reason.contains(operation) || operation == "Scan")
            case nil: Issue.record("\(call) was left out")
            }
        }
    }

    @Test("without DescribeTable nothing else is tried")
    func missing() async {
        var table = ScriptedTable()
        table.failures["DescribeTable"] = .notFound
        let seen = await seen(table)
        #expect(seen.description == nil)
        for call in TableCall.allCases where call != .describeTable {
            #expect(seen.outcomes[call] == .notTried("DescribeTable failed"))
        }
    }

    @Test("without a stream its calls are not tried")
    func noStream() async {
        let seen = await seen(ScriptedTable(streamEnabled: false))
        for call in TableCall.allCases where call.isOfStream {
            #expect(seen.outcomes[call] == .notTried("the table has no enabled stream"))
        }
        #expect(seen.outcomes[.batchGetItem] == .granted("granted"))
    }

    @Test("throttled reads are counted, and end nothing")
    func throttled() async {
        var table = ScriptedTable()
        table.failures["GetRecords"] = .throttled
        let seen = await seen(table)
        #expect(seen.reads == 5 && seen.throttledReads == 5)
    }
}
