import Testing

@testable import DynamoSandbox

@Suite struct TimestampTests {
    @Test(
        "labels are UTC dates with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000"), (951_782_400_000, "2000-02-29T00:00:00.000"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999"), (1_709_251_200_000, "2024-03-01T00:00:00.000"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000"), (1_700_000_000_123, "2023-11-14T22:13:20.123"),
        ] as [(Int64, String)]
    )
    func label(milliseconds: Int64, text: String) {
        #expect(Timestamp.label(milliseconds) == text)
    }

    @Test("seconds keep three decimals")
    func seconds() {
        #expect(Timestamp.seconds(1_700_000_000_007) == "1700000000.007")
    }
}
