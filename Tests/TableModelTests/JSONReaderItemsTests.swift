import TableModel
import Testing

@Suite struct JSONReaderItemsTests {
    @Test("a page of items becomes a batch whose keys and items are those of the single reads")
    func batch() throws {
        let schema = KeySchema(
            partition: KeyAttribute(name: "id", type: .string),
            sort: KeyAttribute(name: "at", type: .number)
        )
        var random = RandomValues(seed: 3)
        var items: [Item] = []
        for index in 0..<200 {
            var attributes = random.attributes()
            attributes["id"] = .string("k\(index)\u{0}")
            attributes["at"] = .number("\(index)E+1")
            items.append(Item(attributes))
        }
        let page = #"{"Count":200,"Items":["# + items.map(typedJSON).joined(separator: ",\n") + "]}"
        var batch = ItemBatch()
        try reading(page) { json in
            try json.beginObject()
            while let name = try json.nextMember() {
                guard name == "Items" else {
                    try json.skipValue()
                    continue
                }
                try json.beginArray()
                while try json.nextElement() { try json.readItem(into: &batch, schema: schema) }
            }
        }
        #expect(batch.entries.count == items.count)
        for (item, entry) in zip(items, batch.entries) {
            #expect([UInt8](batch.arena[entry.item]) == item.packed)
            let key = try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
            #expect([UInt8](batch.arena[entry.key]) == key.bytes)
        }
    }

    @Test("an item without its key is an error at the item's offset")
    func missingKey() {
        let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
        var batch = ItemBatch()
        let error = #expect(throws: JSONError.self) {
            try reading(#" {"a":{"S":"x"}}"#) { json in
                try json.readItem(into: &batch, schema: schema)
            }
        }
        #expect(error == JSONError(#"an item has no valid key: missing(attribute: "id")"#, offset: 1))
        #expect(batch.entries.isEmpty)
    }

    @Test(
        "what is not typed JSON is refused",
        arguments: [
            "", "[]", "null", #"{"a"}"#, #"{"a":1}"#, #"{"a":{}}"#, #"{"a":{"X":"1"}}"#, #"{"a":{"S":1}}"#,
            #"{"a":{"S":"1","N":"2"}}"#, #"{"a":{"N":"one"}}"#, #"{"a":{"N":""}}"#, #"{"a":{"N":"1e"}}"#,
            #"{"a":{"N":"0x1"}}"#,
            #"{"a":{"B":"AQ"}}"#, #"{"a":{"B":"A*=="}}"#, #"{"a":{"B":"AR=="}}"#, #"{"a":{"NULL":false}}"#,
            #"{"a":{"BOOL":"true"}}"#, #"{"a":{"L":{}}}"#, #"{"a":{"M":[]}}"#, #"{"a":{"SS":[1]}}"#,
            #"{"a":{"NS":["x"]}}"#,
            #"{"a":{"BS":["%"]}}"#, #"{"a":{"S":"x"},}"#, #"{"a":{"S":"x"}"#, #"{"a":{"S":"x"}} x"#, #"{"a":{"S":"x"#,
            #"{"a":{"S":"1"},"a":{"S":"2"}}"#, #"{"b":{"S":"1"},"a":{"S":"1"},"b":{"S":"2"}}"#,
            #"{"a":{"M":{"x":{"NULL":true},"x":{"NULL":true}}}}"#, #"{"a":{"BOOLEAN":true}}"#, #"{"a":{"SSS":[]}}"#,
        ]
    )
    func refused(text: String) {
        #expect(throws: JSONError.self) { try reading(text) { json in try json.readItem() } }
    }

    @Test("every prefix of an item is refused, and never read beyond")
    func truncated() {
        let text =
            #"{"s":{"S":"é\n\ud83d\ude00"},"n":{"N":"-1.5E+3"},"b":{"B":"AQID"},"l":{"L":[{"NULL":true},{"BOOL":false}]},"m":{"M":{"x":{"SS":["a"]}}}}"#
        let bytes = [UInt8](text.utf8)
        for count in 0..<bytes.count {
            #expect(throws: JSONError.self) {
                try reading(Array(bytes[..<count])) { json in try json.readItem() }
            }
        }
        #expect(throws: Never.self) { try reading(bytes) { json in try json.readItem() } }
    }

    @Test("white space is taken wherever JSON allows it")
    func space() throws {
        let spaced =
            "\n{ \"a\" :\t{ \"L\" : [ { \"S\" : \"x\" } , { \"NULL\" : true } ] } , \"b\" : { \"BS\" : [ \"AQ==\" ] } } \r\n"
        let item = try reading(spaced) { json in try json.readItem() }
        #expect(item.attributes == ["a": .list([.string("x"), .null]), "b": .binarySet([[1]])])
    }

    @Test("DynamoDB's deepest documents are read, deeper ones than allowed are not")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            #"{"a":"# + String(repeating: #"{"L":["#, count: levels) + #"{"S":"x"}"#
                + String(repeating: "]}", count: levels)
                + "}"
        }
        #expect(throws: Never.self) {
            try reading(nested(32)) { json in try json.readItem() }
        }
        #expect(throws: JSONError.self) {
            try reading(nested(100_000)) { json in try json.readItem() }
        }
    }
}
