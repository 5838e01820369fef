import Basics
import TableModel
import Testing

@testable import DynamoDBClient

@Suite struct ScanResponseTests {
    private func decode(_ text: String) throws -> ScanPage {
        try decoding(text) { bytes throws(JSONError) in try ScanResponse.decode(bytes, schema: hashOnly) }
    }

    @Test("items are packed and keyed in the order sent")
    func items() throws {
        let page = try decode(
            """
            {"Count":2,"ScannedCount":2,"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.5},
            "Items":[{"n":{"N":"1"},"id":{"S":"b"}},{"id":{"S":"a"}}],"LastEvaluatedKey":{"id":{"S":"a"}}}
            """
        )
        let items = page.rows
        #expect(items == [Item(["id": .string("b"), "n": .number("1")]), Item(["id": .string("a")])])
        let keys = page.items.entries.map { ItemKey(bytes: Array(page.items.arena[$0.key])) }
        #expect(keys == [try key("b"), try key("a")])
        #expect(page.lastEvaluatedKey == ["id": .string("a")])
        #expect(page.consumedCapacity == 1.5)
    }

    @Test(
        "a key whose names differ only in Unicode normal form comes back with both, and is asked for with both, by bytes"
    )
    func normalForms() throws {
        let both = "{\"e\u{301}\":{\"N\":\"6\"},\"\u{E9}\":{\"S\":\"a\"}}"
        let page = try decode(#"{"Items":[],"LastEvaluatedKey":\#(both)}"#)
        let key = try #require(page.lastEvaluatedKey)
        #expect(key == ["\u{E9}": .string("a"), "e\u{301}": .number("6")])
        let body = JSONWriter.object { $0.member("Key", key) }
        #expect(body == Array(#"{"Key":\#(both)}"#.utf8))
    }

    private func key(_ text: String) throws -> ItemKey { try ItemKey(partition: .string(text), schema: hashOnly) }

    @Test(
        "a row that cannot be read is named by its key, and the others of its page are whole",
        arguments: [
            (#"{"X":"1"}"#, "unknown type"), (#"{"NULL":false}"#, "NULL is always true"),
            (#"{"B":"!"}"#, "B is not base64"), (#"{"N":"a"}"#, "N is not a number"),
            (#"{"M":{"y":{"L":[{"Q":1}]}}}"#, "unknown type"), ("7", "expected a typed value"),
        ]
    )
    func unreadable(_ value: String, _ reason: String) throws {
        let page = try decode(#"{"Items":[{"id":{"S":"a"}},{"x":\#(value),"id":{"S":"b"}},{"id":{"S":"c"}}]}"#)
        #expect(page.rows == [Item(["id": .string("a")]), Item(["id": .string("c")])])
        #expect(page.unreadable.map(\.key) == [try key("b")])
        #expect(page.unreadable[0].reason.contains(reason), "\(page.unreadable[0].reason)")
    }

    @Test("a lone surrogate in a value, which some endpoints send, is a fault of its row")
    func loneSurrogate() throws {
        let page = try decode(#"{"Items":[{"id":{"S":"a"},"x":{"S":"\ud800"}},{"id":{"S":"b"}}]}"#)
        #expect(page.rows == [Item(["id": .string("b")])])
        #expect(page.unreadable.map(\.key) == [try key("a")])
    }

    @Test("a row whose key cannot be read has none, and one that is of another table makes it another table's page")
    func keyless() throws {
        let rows = #"{"id":{"X":"a"}},null,{"id":{"S":"b"}}"#
        let page = try decode(#"{"Items":[\#(rows)]}"#)
        #expect(page.rows == [Item(["id": .string("b")])])
        #expect(page.unreadable.map(\.key) == [nil, nil])
        #expect(throws: JSONError.self) { try decode(#"{"Items":[\#(rows),{"x":{"X":"a"}}]}"#) }
        #expect(throws: JSONError.self) { try decode(#"{"Items":[\#(rows),{"id":{"N":"1"}}]}"#) }
    }

    @Test("an empty page with a key goes on, and one without ends", arguments: [true, false])
    func empty(goesOn: Bool) throws {
        let page = try decode(#"{"Items":[]\#(goesOn ? #","LastEvaluatedKey":{"id":{"S":"a"}}"# : "")}"#)
        #expect(page.items.entries.isEmpty)
        #expect((page.lastEvaluatedKey != nil) == goesOn)
        #expect(page.consumedCapacity == nil)
    }

    @Test(
        "what is no page is refused",
        arguments: [
            "{}", "", #"{"Items":[{"id":{"S":"a"}}]"#, #"{"Items":[{"x":{"S":"a"}}]}"#, #"{"Items":[]}}"#, "<html>",
        ]
    )
    func refused(text: String) {
        #expect(throws: JSONError.self) { try decode(text) }
    }
}

@Suite struct BatchGetResponseTests {
    private func decode(_ text: String, _ table: String = "t") throws -> BatchGetPage {
        try decoding(text) { bytes throws(JSONError) in try BatchGetResponse.decode(bytes, table: table) }
    }

    @Test("items of the table, and the keys to ask for again")
    func whole() throws {
        let page = try decode(
            """
            {"Responses":{"t":[{"id":{"S":"a"}}]},
            "UnprocessedKeys":{"t":{"ConsistentRead":true,"Keys":[{"id":{"S":"b"}},{"id":{"S":"c"}}]}}}
            """
        )
        #expect(page.items == [Item(["id": .string("a")])])
        #expect(page.unprocessedKeys == [["id": .string("b")], ["id": .string("c")]])
    }

    @Test("items that cannot be read come apart, with what can be read of them")
    func unreadable() throws {
        let items = #"{"id":{"S":"a"}},{"id":{"S":"b"},"x":{"X":"1"}},{"id":{"X":"c"}}"#
        let page = try decode(#"{"Responses":{"t":[\#(items)]}}"#)
        #expect(page.items == [Item(["id": .string("a")])])
        #expect(page.unreadable.map(\.attributes) == [["id": .string("b")], [:]])
        #expect(page.unreadable.map(\.reason) == ["unknown type", "unknown type"])
    }

    @Test("a table that was named by its ARN is named by it in the answer, in all parts of it")
    func arn() throws {
        let arn = "arn:aws:dynamodb:eu-central-1:1:table/t"
        let page = try decode(
            #"{"Responses":{"\#(arn)":[{"id":{"S":"a"}}]},"UnprocessedKeys":{"\#(arn)":{"Keys":[{"id":{"S":"b"}}]}}}"#,
            arn
        )
        #expect(page.items == [Item(["id": .string("a")])])
        #expect(page.unprocessedKeys == [["id": .string("b")]])
    }

    @Test(
        "an answer of another table is refused, since keys that it does not tell of would count as removed",
        arguments: [
            #"{"Responses":{"other":[{"id":{"S":"z"}}]}}"#,
            #"{"Responses":{"t":[]},"UnprocessedKeys":{"other":{"Keys":[{"id":{"S":"b"}}]}}}"#,
            #"{"Responses":{"arn:aws:dynamodb:eu-central-1:2:table/t":[]}}"#,
        ]
    )
    func otherTable(text: String) { #expect(throws: JSONError.self) { try decode(text) } }

    @Test("an answer without Responses is refused")
    func refused() {
        #expect(throws: JSONError.self) { try decode("{}") }
    }
}
