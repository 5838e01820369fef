import Basics
import Glibc
import TestTools
import Testing

@testable import HTTPServer

@Suite struct SuspendTests {
    @Test("a suspend takes nothing from an idle connection's time; running out of it closes the connection")
    func idleConnection() throws {
        let clocks = SuspendableClocks()
        var limits = HTTPServerLimits()
        limits.keepAliveTimeout = .seconds(30)
        let loop = try HandTurnedLoop(limits, clock: { clocks.suspending.wholeNanoseconds })
        let client = try loop.connect()
        try loop.send(client, "/first/0")
        loop.turn()
        #expect(loop.responses(client) == 1)
        clocks.suspend(for: .seconds(3_600))
        loop.turn()
        try loop.send(client, "/after-the-suspend/0")
        loop.turn()
        #expect(loop.responses(client) == 1)
        clocks.run(for: .seconds(31))
        loop.turn()
        var byte: UInt8 = 0
        #expect(recv(client, &byte, 1, Int32(MSG_DONTWAIT)) == 0)
    }
}
