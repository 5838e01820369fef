import Basics
import Testing

@Suite struct ByteTextTests {
    @Test("reads whole numbers with the units of memory, as programs and Kubernetes write them")
    func parse() {
        #expect(ByteText.parse("0") == 0)
        #expect(ByteText.parse("1073741824") == 1 << 30)
        #expect(ByteText.parse("4GiB") == 4 << 30)
        #expect(ByteText.parse("4Gi") == 4 << 30)
        #expect(ByteText.parse("512Mi") == 512 << 20)
        #expect(ByteText.parse("1Ki") == 1_024)
        #expect(ByteText.parse("2TiB") == 2 << 40)
    }

    @Test(
        "rejects units of a thousand, fractions, signs and numbers that are too large",
        arguments: ["", "GiB", "512M", "512MB", "1.5GiB", "-1", "+1", "1 GiB", "1gib", "999999999999999999TiB", "1e9"]
    )
    func reject(_ text: String) { #expect(ByteText.parse(text) == nil) }

    @Test("writes the largest unit with one digit, or the number exactly")
    func format() {
        #expect(ByteText.format(0) == "0 bytes")
        #expect(ByteText.format(1_023) == "1023 bytes")
        #expect(ByteText.format(1_536) == "1.5 KiB")
        #expect(ByteText.format(512 << 20) == "512 MiB")
        #expect(ByteText.format((1 << 30) - 1) == "1 GiB")
        #expect(ByteText.format(50 << 40) == "50 TiB")
        #expect(ByteText.exact(0) == "0")
        #expect(ByteText.exact(1_000) == "1000")
        #expect(ByteText.exact(512 << 20) == "512MiB")
        #expect(ByteText.exact(1 << 50) == "1024TiB")
    }
}
