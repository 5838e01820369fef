import DynamoSandbox
import TableModel
import Testing

@Suite struct ScanTests {
    /// Reads page after page; gives back the ids page by page.
    private func pages(_ fixture: Fixture, _ members: String) throws -> [[String]] {
        var pages: [[String]] = []
        var start = ""
        while true {
            let answer = try fixture.call(.scan, #"{"TableName":"plain"\#(members)\#(start)}"#)
            let items = answer.between("\"Items\":", ",\"Count\"") ?? ""
            pages.append(items.all(between: #""id":{"S":""#, "\""))
            guard let last = answer.between(#""LastEvaluatedKey":"#, "}}") else { return pages }
            start = #","ExclusiveStartKey":\#(last)}}"#
        }
    }

    private func filled(_ count: Int, _ change: (inout SandboxSettings) -> Void = { _ in }) throws -> Fixture {
        let fixture = try Fixture.withTables(change)
        for index in 0..<count { try fixture.put("item \(index)", index) }
        return fixture
    }

    @Test("pages by Limit hold every item once, and a last page that is full is followed by an empty one")
    func limit() throws {
        let fixture = try filled(300)
        let sevens = try pages(fixture, #","Limit":7"#)
        #expect(sevens.joined().sorted() == (0..<300).map { "item \($0)" }.sorted())
        #expect(sevens.dropLast().allSatisfy { $0.count == 7 })
        #expect(try pages(fixture, #","Limit":100"#).map(\.count) == [100, 100, 100, 0])
    }

    @Test("pages can be held to a few items, whatever the request allows")
    func smallPages() throws {
        let fixture = try Fixture.withTables { $0.scanPageItems = 2 }
        for number in 0..<5 { try fixture.put("item \(number)", number) }
        let pages = ["", #","Limit":4"#, #","Limit":1"#].map { more in
            try? fixture.call(.scan, #"{"TableName":"plain"\#(more)}"#).between("\"ScannedCount\":", ",")
        }
        #expect(pages == ["2", "2", "1"])
    }

    @Test("a page can be empty with more behind it: whoever goes on from its key misses nothing", arguments: [1, 3])
    func emptyPages(segments: Int) async throws {
        let fixture = try Fixture.withTables()
        for number in 0..<12 { try fixture.put("item \(number)", number) }
        let client = RawClient(port: try fixture.sandbox.start())
        var found: [String] = []
        var empty = 0
        for segment in 0..<segments {
            var start = ""
            while true {
                fixture.sandbox.faults.removeAll()
                if empty % 2 == 0 { fixture.sandbox.faults.enqueue(.scan, .emptyPage) }
                let body =
                    #"{"TableName":"plain","Limit":3,"Segment":\#(segment),"TotalSegments":\#(segments)\#(start)}"#
                let answer = client.post(target: SandboxOperation.scan.target, body).text
                let items = answer.between("\"Items\":[", "\"Count\"") ?? ""
                let ids = items.all(between: "\"id\":{\"S\":\"", "\"")
                if ids.isEmpty || empty % 2 == 1 { empty += 1 }
                found += ids
                guard let last = answer.between("\"LastEvaluatedKey\":", "}}") else { break }
                start = ",\"ExclusiveStartKey\":\(last)}}"
            }
        }
        #expect(empty >= 2)
        #expect(Set(found).count == 12)
        #expect(found.count == 12)
        await fixture.sandbox.stop()
    }

    @Test("a page ends with the item that reaches the page's bytes")
    func bytes() throws {
        // An item is `id`, "item N", `n` and a number: 2 + 6 + 1 + 2 bytes.
        let fixture = try filled(10) { $0.pageBytes = 33 }
        #expect(try pages(fixture, "").map(\.count) == [3, 3, 3, 1])
    }

    @Test("segments hold every item once between them", arguments: [1, 2, 3, 7, 64])
    func segments(total: Int) throws {
        let fixture = try filled(200)
        var found: [String] = []
        for segment in 0..<total {
            found += try pages(fixture, #","Limit":9,"Segment":\#(segment),"TotalSegments":\#(total)"#).joined()
        }
        #expect(found.sorted() == (0..<200).map { "item \($0)" }.sorted())
    }

    @Test("Limit counts what is read, not what the filter leaves")
    func filter() throws {
        let fixture = try filled(20)
        let answer = try fixture.call(
            .scan,
            #"{"TableName":"plain","Limit":10,"FilterExpression":"n < :n","ExpressionAttributeValues":{":n":{"N":"0"}}}"#
        )
        #expect(answer.hasPrefix(#"{"Items":[],"Count":0,"ScannedCount":10,"LastEvaluatedKey":"#))
    }

    @Test("an item written behind the cursor is missed, one written before it is seen")
    func writesBetweenPages() throws {
        let fixture = try filled(50)
        let order = Array(try pages(fixture, "").joined())
        let first = try fixture.call(.scan, #"{"TableName":"plain","Limit":25}"#)
        let start = (first.between(#""LastEvaluatedKey":"#, "}}") ?? "") + "}}"
        try fixture.sandbox.delete(["id": .string(order[49])], from: "plain")
        try fixture.put(order[0], 99)
        let second = try fixture.call(.scan, #"{"TableName":"plain","ExclusiveStartKey":\#(start)}"#)
        #expect(second.contains(#""Count":24"#))
        #expect(!second.contains(#"{"N":"99"}"#))
    }

    @Test("consistent reads cost one unit for 4 KB, the others half")
    func capacity() throws {
        let fixture = try filled(1)
        let count = #"{"TableName":"plain","Select":"COUNT","ReturnConsumedCapacity":"TOTAL","ConsistentRead":"#
        #expect(
            try fixture.call(.scan, count + "true}")
                == #"{"Count":1,"ScannedCount":1,"ConsumedCapacity":{"TableName":"plain","CapacityUnits":1.0}}"#
        )
        #expect(try fixture.call(.scan, count + "false}").contains(#""CapacityUnits":0.5"#))
    }

    @Test(
        "segments that make no sense are refused",
        arguments: [
            (
                #""Segment":0"#,
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
            ),
            (
                #""TotalSegments":2"#,
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
            ),
            (
                #""Segment":2,"TotalSegments":2"#,
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                    + "Segment: 2 is not less than TotalSegments: 2"
            ),
            (
                #""Limit":0"#,
                "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: "
                    + "Member must have value greater than or equal to 1"
            ),
        ]
    )
    func refusals(members: String, message: String) throws {
        let fixture = try Fixture.withTables()
        #expect(fixture.refusal(.scan, #"{"TableName":"plain",\#(members)}"#) == message)
    }
}
