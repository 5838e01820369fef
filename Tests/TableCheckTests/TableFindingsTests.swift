import Basics
import DynamoDBClient
import TableCheck
import Testing

@Suite struct TableFindingsTests {
    /// What is seen where nothing is wrong.
    private static func good() -> TableObservations {
        var seen = TableObservations(
            table: "orders",
            region: "eu-central-1",
            endpoint: "https://dynamodb.eu-central-1.amazonaws.com",
            streamsEndpoint: "https://streams.dynamodb.eu-central-1.amazonaws.com"
        )
        seen.credentials.source = "role tablecast"
        seen.credentials.expiresAt = 1_767_225_600_000
        seen.skewMilliseconds = -200
        for call in TableCall.allCases { seen.outcomes[call] = .granted("granted") }
        seen.description = ScriptedTable.description()
        seen.openShards = 4
        seen.reads = 5
        seen.size = TableSize(
            tableBytes: 40_960_001,
            items: 100_000,
            neededBytes: 100_000_000,
            limitBytes: 1_073_741_824,
            unitsPerSecond: 100
        )
        return seen
    }

    private func finding(_ check: String, _ change: (inout TableObservations) -> Void) -> Finding? {
        var seen = Self.good()
        change(&seen)
        return TableFindings.findings(seen).first { $0.check == check }
    }

    @Test("nothing is wrong")
    func good() {
        let expected = [
            Finding(
                "credentials",
                .ok,
                "keys of role tablecast, which expire at 2026-01-01T00:00:00.000Z and are renewed before"
            ),
            Finding("region", .ok, "eu-central-1"),
            Finding(
                "endpoint",
                .ok,
                "https://dynamodb.eu-central-1.amazonaws.com, streams at "
                    + "https://streams.dynamodb.eu-central-1.amazonaws.com"
            ),
            Finding("clock", .ok, "this machine's clock agrees with AWS's"),
            Finding("DescribeTable", .ok, "granted"),
            Finding("Scan", .ok, "granted"),
            Finding("BatchGetItem", .ok, "granted"),
            Finding("DescribeStream", .ok, "granted"),
            Finding("GetShardIterator", .ok, "granted"),
            Finding("GetRecords", .ok, "granted"),
            Finding(
                "table",
                .ok,
                "arn:aws:dynamodb:eu-central-1:123456789012:table/orders, ACTIVE, key pk (S)"
            ),
            Finding("stream", .ok, "enabled, NEW_AND_OLD_IMAGES, 2026-01-01T00:00:00.000"),
            Finding("shards", .ok, "4 open"),
            Finding("readers", .ok, "0 of 5 reads of one shard were throttled: no sign of more than one other reader"),
            Finding(
                "memory",
                .ok,
                "100000 items of 39.1 MiB take about 95.4 MiB of memory; the limit is 1.0 GiB"
            ),
            Finding(
                "scan",
                .ok,
                "each start without a saved state, and each rebuild, scans the table: about 10001 read capacity units, "
                    + "about 101 s"
            ),
        ]
        let findings = TableFindings.findings(Self.good())
        #expect(findings == expected)
    }

    @Test("no credentials are told with the ways to give them")
    func credentials() {
        let found = finding("credentials") { seen in
            seen.credentials.source = nil
            seen.credentials.trouble = "no source has credentials"
        }
        #expect(found?.verdict == .fail && found?.seen == "no source has credentials")
        #expect(found?.change?.contains("AWS_ACCESS_KEY_ID") == true)
    }

    @Test("an endpoint that cannot be reached")
    func endpoint() {
        let found = finding("endpoint") { seen in
            seen.outcomes[.describeTable] = .failed(ScriptedTable.error("DescribeTable", .transient))
            seen.description = nil
        }
        #expect(found?.verdict == .fail)
        #expect(found?.change?.contains("VPC endpoint") == true)
    }

    @Test("a clock that is an hour off")
    func clock() {
        let found = finding("clock") { $0.skewMilliseconds = 3_600_000 }
        #expect(found?.verdict == .warn && found?.seen == "this machine's clock is 3600 s ahead of AWS's")
        #expect(finding("clock") { $0.skewMilliseconds = nil }?.verdict == .warn)
    }

    @Test("a denied action has its hint, and one that was not tried its reason", arguments: TableCall.allCases)
    func denied(call: TableCall) {
        let denied = finding(call.rawValue) { seen in
            seen.outcomes[call] = .failed(ScriptedTable.error(call.rawValue, .accessDenied))
        }
        #expect(
            denied
                == Finding(
                    call.rawValue,
                    .fail,
                    "AccessDeniedException: no",
                    change: "Allow \(call.action) to this identity."
                )
        )
        let untried = finding(call.rawValue) { $0.outcomes[call] = .notTried("DescribeTable failed") }
        #expect(untried?.verdict == .warn && untried?.seen == "not tried: DescribeTable failed")
    }

    @Test("BatchGetItem of an empty table cannot be tried")
    func empty() {
        let found = finding("BatchGetItem") { $0.outcomes[.batchGetItem] = .notTried("no item") }
        #expect(found?.change == "put an item into the table, or look that the policy has dynamodb:BatchGetItem")
    }

    @Test(
        "a table in which nothing can be read",
        arguments: ["ARCHIVED", "CREATING", "INACCESSIBLE_ENCRYPTION_CREDENTIALS"]
    )
    func status(status: String) {
        let found = finding("table") { $0.description = ScriptedTable.description(status: status) }
        #expect(found?.verdict == .fail && found?.seen.contains(status) == true)
    }

    @Test("no stream, and one whose records lack images")
    func stream() {
        let none = finding("stream") { $0.description = ScriptedTable.description(streamEnabled: false) }
        #expect(none?.verdict == .fail && none?.change?.contains("StreamEnabled=true") == true)
        for type in [StreamViewType.keysOnly, .oldImage] {
            let found = finding("stream") { $0.description = ScriptedTable.description(viewType: type) }
            #expect(found?.verdict == .warn && found?.seen.contains("one more consistent read") == true)
        }
    }

    @Test("throttled reads tell of other readers")
    func readers() {
        let found = finding("readers") { $0.throttledReads = 2 }
        #expect(found?.seen == "2 of 5 reads of one shard were throttled: others read this stream too")
        #expect(found?.change?.contains("two readers of a shard") == true)
    }

    @Test(
        "memory that is not enough, and memory without room for a rebuild",
        arguments: [(Int64(80_000_000), Finding.Verdict.fail), (150_000_000, .warn), (200_000_001, .ok)]
    )
    func memory(limit: Int64, verdict: Finding.Verdict) {
        #expect(finding("memory") { $0.size?.limitBytes = limit }?.verdict == verdict)
    }

    @Test("a table that DynamoDB has not counted yet")
    func uncounted() {
        let found = finding("memory") { $0.size?.neededBytes = nil }
        #expect(found?.verdict == .warn && found?.seen.hasPrefix("nothing tells the size yet") == true)
    }

    @Test("without a bound of the pace or of the memory")
    func unbounded() {
        let scan = finding("scan") { $0.size?.unitsPerSecond = nil }
        #expect(scan?.seen.hasSuffix("about 10001 read capacity units, as fast as DynamoDB allows") == true)
        let memory = finding("memory") { $0.size?.limitBytes = nil }
        #expect(memory?.seen.hasSuffix("no limit is set") == true)
    }
}
