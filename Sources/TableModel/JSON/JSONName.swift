/// The name of an object's member as it stands in the text: compared with literals byte by byte, without an allocation.
///
/// It refers to the bytes that its reader reads, so it is good only as long as they are.
package struct JSONName {
    private let content: ScannedString

    init(_ content: ScannedString) { self.content = content }

    /// The name as text.
    package var text: String { content.text }

    /// Whether the name has the bytes of a literal.
    package static func == (name: JSONName, literal: StaticString) -> Bool {
        if name.content.hasEscapes { return name.text.utf8.elementsEqual(literal.description.utf8) }
        let bytes = name.content.bytes
        return bytes.count == literal.utf8CodeUnitCount
            && ByteOrder.compare(bytes, UnsafeRawBufferPointer(start: literal.utf8Start, count: bytes.count)) == 0
    }

    /// The same, for the cases of a `switch`.
    package static func ~= (literal: StaticString, name: JSONName) -> Bool { name == literal }
}
