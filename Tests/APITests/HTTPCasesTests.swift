import HTTPCases
import HTTPSemantics
import Service
import ServiceTools
import TableModel
import Testing

@testable import API

/// The cases of `Tests/HTTPCases` over sockets, with the routes of the service.
@Suite struct HTTPCasesTests {
    @Test("answers what a case says, the same whole, byte by byte and cut at every offset", arguments: CaseFile.all)
    func answer(_ httpCase: HTTPCase) async throws {
        let fixture = try ServiceFixture(settings: { $0.allowedHosts = .any })
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        let failure = CaseDriver(port: fixture.port).failure(of: httpCase)
        #expect(failure == nil)
        await fixture.stop()
    }
}
