import TableModel
import Testing

@testable import DynamoDBClient

@Suite struct RecordsResponseTests {
    private func decode(_ text: String) throws -> RecordsPage {
        try decoding(text, RecordsResponse.decode)
    }

    private func page(_ record: String) -> String { #"{"NextShardIterator":"next","Records":[\#(record)]}"# }

    private func record(
        name: String = "MODIFY",
        time: String = "1700000000",
        change: String = "",
        more: String = ""
    ) -> String {
        #"""
        {"awsRegion":"x","dynamodb":{"ApproximateCreationDateTime":\#(time),"Keys":{"id":{"S":"a"}},
        "SequenceNumber":"111","SizeBytes":3\#(change)},"eventID":"e1","eventName":"\#(name)","eventVersion":"1.1"\#(more)}
        """#
    }

    @Test("reads a record with both images")
    func whole() throws {
        let images = #","NewImage":{"id":{"S":"a"},"n":{"N":"2"}},"OldImage":{"id":{"S":"a"}}"#
        let page = try decode(page(record(change: images)))
        #expect(page.nextIterator == "next")
        #expect(
            page.records == [
                StreamRecord(
                    eventID: "e1",
                    eventName: .modify,
                    eventVersion: "1.1",
                    keys: Item(["id": .string("a")]),
                    newImage: Item(["id": .string("a"), "n": .number("2")]),
                    oldImage: Item(["id": .string("a")]),
                    sequenceNumber: try #require(SequenceNumber("111")),
                    approximateCreationMilliseconds: 1_700_000_000_000,
                    userIdentity: nil
                )
            ]
        )
    }

    @Test("a record without a creation time is one", arguments: ["", #""ApproximateCreationDateTime":null,"#])
    func noTime(_ member: String) throws {
        let text = record().replacing(#""ApproximateCreationDateTime":1700000000,"#, with: member)
        let records = try decode(page(text)).records
        #expect(records.map(\.approximateCreationMilliseconds) == [nil])
        #expect(records.map(\.sequenceNumber.text) == ["111"])
    }

    @Test(
        "a record whose new image cannot be read says so in its event name, and the others of its page are whole",
        arguments: [
            (#"{"X":"1"}"#, "unknown type"), (#"{"NULL":false}"#, "NULL is always true"),
            (#"{"B":"!"}"#, "B is not base64"),
            (#"{"N":"a"}"#, "N is not a number"),
        ]
    )
    func unreadableImage(_ value: String, _ reason: String) throws {
        let image = #","NewImage":{"id":{"S":"a"},"x":\#(value)},"OldImage":{"id":{"S":"a"},"x":\#(value)}"#
        let good = #","NewImage":{"id":{"S":"a"},"n":{"N":"2"}}"#
        let records = try decode(page(record(change: image) + "," + record(change: good))).records
        #expect(records.count == 2)
        #expect(records[0].eventName == .unknown("MODIFY whose NewImage cannot be read (\(reason))"))
        #expect(records[0].newImage == nil)
        #expect(records[0].oldImage == nil)
        #expect(records[0].keys == Item(["id": .string("a")]))
        #expect(records[0].fault == .newImage(reason))
        #expect(records[1].fault == nil)
        #expect(records[1].eventName == .modify)
        #expect(records[1].newImage == Item(["id": .string("a"), "n": .number("2")]))
    }

    @Test("the event's name, also one that is not known yet", arguments: ["INSERT", "MODIFY", "REMOVE", "RESTORE"])
    func names(name: String) throws {
        let expected: [String: RecordEventName] = ["INSERT": .insert, "MODIFY": .modify, "REMOVE": .remove]
        #expect(try decode(page(record(name: name))).records[0].eventName == expected[name] ?? .unknown("RESTORE"))
    }

    @Test(
        "the time, with and without a fraction",
        arguments: [
            ("1700000000", 1_700_000_000_000), ("1700000000.123", 1_700_000_000_123), ("1.7E9", 1_700_000_000_000),
        ]
            as [(String, Int64)]
    )
    func times(text: String, milliseconds: Int64) throws {
        #expect(
            try decode(page(record(time: text))).records[0].approximateCreationMilliseconds == milliseconds
        )
    }

    @Test("who made the change, in both spellings", arguments: [("Type", "PrincipalId"), ("type", "principalId")])
    func identities(type: String, principal: String) throws {
        let identity = #","userIdentity":{"\#(type)":"Service","\#(principal)":"dynamodb.amazonaws.com"}"#
        #expect(try decode(page(record(more: identity))).records[0].userIdentity?.isTimeToLive == true)
        #expect(try decode(page(record(more: #","userIdentity":null"#))).records[0].userIdentity == nil)
    }

    @Test("records together with a null iterator: they count, and the shard has ended")
    func lastPage() throws {
        let page = try decode(#"{"Records":[\#(record())],"NextShardIterator":null}"#)
        #expect(page.records.count == 1)
        #expect(page.nextIterator == nil)
        #expect(try decode(#"{"Records":[]}"#) == RecordsPage(records: [], nextIterator: nil))
    }

    @Test("an answer with neither records nor an iterator is no end of a shard")
    func neither() throws {
        let error = try #require(throws: JSONError.self) { try decode("{}") }
        #expect(error.located == "there are neither Records nor NextShardIterator")
    }

    @Test("a record that is not understood is named, also when what names it comes after the fault")
    func named() throws {
        let good = record()
        let cases = [
            (good.replacing("\"eventName\":\"MODIFY\",", with: ""), "there is no eventName"),
            (
                good.replacing("\"SequenceNumber\":\"111\"", with: "\"SequenceNumber\":\"x\""),
                "\"x\" is not a sequence number"
            ),
        ]
        for (bad, reason) in cases {
            let error = try #require(throws: JSONError.self) { try decode(page(good + "," + bad)) }
            #expect(error.reason.hasPrefix("record 1 (eventID e1, sequence number "))
            #expect(error.reason.hasSuffix("): \(reason)"))
        }
    }

    @Test("a record whose keys cannot be read, or that has none, comes with that fault beside its readable images")
    func keyless() throws {
        let images = #","NewImage":{"id":{"S":"a"}},"OldImage":{"id":{"S":"a"}}"#
        let good = record(change: images)
        let odd = good.replacing(#""Keys":{"id":{"S":"a"}}"#, with: #""Keys":{"id":{"Q":"a"},"n":{"N":"1"}}"#)
        let none = good.replacing(#""Keys":{"id":{"S":"a"}},"#, with: "")
        let records = try decode(page(odd + "," + none + "," + good)).records
        #expect(records.map(\.fault) == [.keys("unknown type"), .keys("Keys is missing"), nil])
        #expect(records.map(\.keys) == [Item(["n": .number("1")]), Item([:]), Item(["id": .string("a")])])
        #expect(records.allSatisfy { $0.newImage == Item(["id": .string("a")]) && $0.eventName == .modify })
    }

    @Test(
        "a record can do without a readable identity, version or event ID",
        arguments: [#""userIdentity":7"#, #""eventVersion":{}"#, #""eventID":[]"#]
    )
    func oddExtras(_ member: String) throws {
        let text = record().replacing(#""eventID":"e1","#, with: "").replacing(#","eventVersion":"1.1""#, with: "")
        let records = try decode(page(text.replacing(#""eventName""#, with: member + #","eventName""#))).records
        #expect(records.map(\.keys) == [Item(["id": .string("a")])])
        #expect(records.map(\.fault) == [nil])
    }

    @Test("a record whose time cannot be read is one without a time", arguments: ["1e300", #""yesterday""#, "{}"])
    func oddTime(_ time: String) throws {
        let records = try decode(page(record(time: time))).records
        #expect(records.map(\.approximateCreationMilliseconds) == [nil])
        #expect(records.map(\.fault) == [nil])
    }

    @Test("a record without a sequence number is named by its event")
    func noSequenceNumber() throws {
        let bad = record().replacing("\"SequenceNumber\":\"111\",", with: "")
        let error = try #require(throws: JSONError.self) { try decode(page(bad)) }
        #expect(error.reason == "record 0 (eventID e1): there is no SequenceNumber")
    }

    @Test("an answer that was cut off anywhere is refused as a whole: no record of it is taken, none is lost")
    func truncated() throws {
        let whole = Array(page(record() + "," + record()).utf8)
        for count in 0..<whole.count {
            #expect(throws: JSONError.self, "\(count) bytes") {
                try decode(String(decoding: whole[..<count], as: UTF8.self))
            }
        }
    }

    @Test("a sequence number of any length is kept digit by digit")
    func longNumbers() throws {
        for digits in ["0", "7", String(repeating: "9", count: 40), String(repeating: "1", count: 400)] {
            let text = page(record()).replacing("\"111\"", with: "\"\(digits)\"")
            #expect(try decode(text).records.first?.sequenceNumber.text == digits)
        }
    }
}
