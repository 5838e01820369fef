import TableModel
import Testing

@Suite struct ItemTests {
    @Test("random items come back from their packed form as they went in", arguments: 0..<8 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = RandomValues(seed: seed)
        for _ in 0..<250 {
            let attributes = random.attributes()
            let item = Item(attributes)
            #expect(item.attributes == attributes)
            for (name, value) in attributes { #expect(item[name.text] == value) }
            #expect(item["no such attribute"] == nil)
        }
    }

    @Test("typed JSON reads back to the same bytes that packing the values gives", arguments: 0..<8 as Range<UInt64>)
    func typedRoundTrip(seed: UInt64) throws {
        var random = RandomValues(seed: 1000 + seed)
        for _ in 0..<250 {
            let item = Item(random.attributes())
            let read = try reading(typedJSON(item)) { json in try json.readItem() }
            #expect(read.packed == item.packed)
        }
    }

    @Test("the order in which attributes and set elements come does not change the packed bytes")
    func canonical() throws {
        let one = try reading(#"{"b":{"N":"1"},"a":{"SS":["y","x"]},"c":{"NS":["10","9","-1"]}}"#) {
            json in try json.readItem()
        }
        let other = try reading(#"{"c":{"NS":["-1","10","9"]},"a":{"SS":["x","y"]},"b":{"N":"1"}}"#) {
            json in try json.readItem()
        }
        #expect(one == other)
        #expect(one["c"] == .numberSet(["-1", "9", "10"]))
    }

    @Test("items with more than 127 attributes, long names and long values pack and come back")
    func large() throws {
        var attributes: [AttributeName: AttributeValue] = [:]
        for index in 0..<400 { attributes["attribute-\(index)"] = .string(String(repeating: "x", count: index * 50)) }
        attributes[AttributeName(String(repeating: "n", count: 20_000))] = .list(Array(repeating: .null, count: 300))
        attributes["map"] = .map(attributes)
        let item = Item(attributes)
        #expect(item.attributes == attributes)
        #expect(try reading(typedJSON(item)) { json in try json.readItem() } == item)
    }

    @Test("an empty item is an empty object")
    func empty() throws {
        #expect(Item([:]).attributes.isEmpty)
        #expect(plainJSON(Item([:])) == "{}")
        #expect(try reading(" { } ") { json in try json.readItem() } == Item([:]))
    }
}
