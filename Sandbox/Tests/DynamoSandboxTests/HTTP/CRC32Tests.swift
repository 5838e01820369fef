import Testing

@testable import DynamoSandbox

@Suite struct CRC32Tests {
    @Test("the check value of the algorithm's catalogue, and of nothing")
    func checkValue() {
        #expect(CRC32.checksum(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.checksum([]) == 0)
    }
}
