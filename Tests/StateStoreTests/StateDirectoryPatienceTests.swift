import TestTools
import Testing

@testable import StateStore

@Suite struct StateDirectoryPatienceTests {
    @Test("a directory whose volume does not respond is an error within the patience, and one that does is taken")
    func patience() throws {
        let fixture = StateFixture()
        let path = fixture.path
        let gate = Gate()
        gate.close()
        #expect(throws: StateDirectoryError.unresponsive(path: path, seconds: 0)) {
            _ = try StateDirectory.take(path, within: .milliseconds(20)) { () throws(StateDirectoryError) in
                gate.pass()
                throw .notADirectory(path: path)
            }
        }
        gate.open()
        #expect(try StateDirectory.take(path, within: .seconds(30)).path == path)
        #expect(throws: StateDirectoryError.self) { _ = try StateDirectory.take("/dev/null", within: .seconds(30)) }
        #expect(
            StateDirectoryError.unresponsive(path: "/s", seconds: 10).description.hasPrefix(
                "the state directory /s cannot be used: "
            )
        )
    }
}
