import TableModel

/// Builds an answer's JSON: commas are its business, nesting the caller's.
struct JSONOutput {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init(capacity: Int = 256) {
        bytes.reserveCapacity(capacity)
    }

    /// One JSON object as bytes.
    static func object(_ build: (inout JSONOutput) -> Void) -> [UInt8] {
        var output = JSONOutput()
        output.object(build)
        return output.bytes
    }

    mutating func object(_ build: (inout JSONOutput) -> Void) {
        open(UInt8(ascii: "{"))
        build(&self)
        close(UInt8(ascii: "}"))
    }

    mutating func array<Elements: Sequence>(
        _ elements: Elements,
        _ element: (inout JSONOutput, Elements.Element) -> Void
    ) {
        open(UInt8(ascii: "["))
        for value in elements { element(&self, value) }
        close(UInt8(ascii: "]"))
    }

    mutating func name(_ name: String) {
        separate()
        JSONWriter.append(name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    mutating func string(_ text: String) {
        separate()
        JSONWriter.append(text, to: &bytes)
    }

    /// A number or literal, written as it is.
    mutating func raw(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    /// A packed item in DynamoDB's typed form.
    mutating func item(_ item: Item) {
        separate()
        item.packed.withUnsafeBytes { PackedItem.appendDynamoDBJSON($0, to: &bytes) }
    }

    mutating func attributes(_ attributes: Attributes) {
        item(Item(attributes))
    }

    mutating func field(_ name: String, _ text: String) {
        self.name(name)
        string(text)
    }

    mutating func field(_ name: String, raw text: String) {
        self.name(name)
        raw(text)
    }

    mutating func field(_ name: String, _ integer: Int) { field(name, raw: String(integer)) }
    mutating func field(_ name: String, _ flag: Bool) { field(name, raw: flag ? "true" : "false") }

    /// A time in milliseconds since 1970, as seconds with three decimals.
    mutating func field(_ name: String, seconds milliseconds: Int64) {
        let fraction = String(milliseconds % 1_000)
        let zeros = String(repeating: "0", count: 3 - fraction.utf8.count)
        field(name, raw: "\(milliseconds / 1_000).\(zeros)\(fraction)")
    }

    mutating func field(_ name: String, _ attributes: Attributes) {
        self.name(name)
        self.attributes(attributes)
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }
}
