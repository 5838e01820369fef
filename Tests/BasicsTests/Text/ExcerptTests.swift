import Basics
import Testing

@Suite struct ExcerptTests {
    @Test("shows a text cut, and with nothing in it that is not seen")
    func excerpt() {
        #expect(Excerpt.of("plain é 😀") == "plain é 😀")
        #expect(Excerpt.of("a\nb\u{0}\u{7F}\u{202E}\u{2028}\u{AD}") == "a\\u{A}b\\u{0}\\u{7F}\\u{202E}\\u{2028}\\u{AD}")
        #expect(Excerpt.of("abcdef", 3) == "abc…")
        #expect(Excerpt.of("abc", 3) == "abc")
        // One character as a reader counts, of any number of scalars.
        #expect(Excerpt.of("e" + String(repeating: "\u{301}", count: 500)).unicodeScalars.count == 81)
    }
}
