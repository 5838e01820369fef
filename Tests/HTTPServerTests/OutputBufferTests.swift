import Testing

@testable import HTTPServer

@Suite struct OutputBufferTests {
    @Test(
        "writes numbers in decimal and hexadecimal digits",
        arguments: [0, 1, 9, 10, 15, 16, 255, 256, 65_536, 1_048_575, Int.max]
    )
    func numbers(_ number: Int) {
        let output = OutputBuffer()
        output.append(decimal: number)
        #expect(String(decoding: output.bytes, as: UTF8.self) == String(number))
        output.removeAll()
        output.append(hexadecimal: number)
        #expect(String(decoding: output.bytes, as: UTF8.self) == String(number, radix: 16))
    }

    @Test("grows past its first size without losing bytes")
    func growth() {
        let output = OutputBuffer()
        var expected: [UInt8] = []
        for index in 0..<300 {
            let piece = [UInt8](repeating: UInt8(index % 251), count: index * 7)
            output.append(piece)
            expected += piece
        }
        #expect(Array(output.bytes) == expected)
    }
}
