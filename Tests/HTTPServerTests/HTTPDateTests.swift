import Synchronization
import Testing

@testable import HTTPServer

@Suite struct HTTPDateTests {
    @Test("M30: the date is an IMF-fixdate, made anew when the second changes")
    func refreshed() {
        let clock = Atomic(784_111_777)
        var date = HTTPDate { clock.load(ordering: .relaxed) }
        let steps = [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"),
        ]
        for (time, text) in steps {
            clock.store(time, ordering: .relaxed)
            date.refresh()
            #expect(String(decoding: date.bytes, as: UTF8.self) == text)
        }
    }
}
