import Digest
import TableModel
import Testing

@testable import API

/// The text of a ticket: what a key seals, and nothing else, is believed.
@Suite struct SealedTicketTests {
    private let key = TicketKey(of: SHA256Digest("app-0123456789abcdef".utf8))
    private var ticket: SealedTicket {
        SealedTicket(
            kind: .single,
            tokenID: key.tokenID,
            end: 1_700_000_060_000,
            mark: TicketMark(high: 0x0102_0304_0506_0708, low: 0xF1F2_F3F4_F5F6_F7F8)
        )
    }

    @Test("a ticket is read as it was written")
    func roundTrip() throws {
        let text = ticket.text(under: key)
        #expect(text.utf8.count == SealedTicket.characters)
        let claim = try #require(SealedTicket.Claim(text))
        #expect(claim.ticket == ticket)
        #expect(claim.isSealed(under: key))
    }

    @Test("the form stays, since replicas of two versions share tickets")
    func form() {
        #expect(ticket.text(under: key) == "Aayj9fbK3h3tAAGLz-ZSYAECAwQFBgcI8fLz9PX29_hh7IwhMeMyFhsVTUnm2xxk")
    }

    @Test("a ticket with one bit changed is not sealed, or is none")
    func flippedBits() throws {
        let bytes = try #require(Base64.decodeURL(ticket.text(under: key)))
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << UInt8(bit)
                let claim = SealedTicket.Claim(Base64.encodeURL(changed))
                #expect(claim?.isSealed(under: key) != true, "bit \(bit) of byte \(place)")
            }
        }
    }

    @Test("a text that is cut, longer, padded or of other characters is no ticket")
    func malformed() {
        let text = ticket.text(under: key)
        for length in 0..<text.count { #expect(SealedTicket.Claim(String(text.prefix(length))) == nil) }
        for other in [text + "A", text + "==", text.dropLast() + "+", text.dropLast() + "é", text.dropLast(2) + "=="] {
            #expect(SealedTicket.Claim(other) == nil, "\(other)")
        }
    }

    @Test("the key of another token seals nothing of this one")
    func otherKey() throws {
        let other = TicketKey(of: SHA256Digest("other-0123456789abcdef".utf8))
        #expect(other.tokenID != key.tokenID)
        let claim = try #require(SealedTicket.Claim(ticket.text(under: other)))
        #expect(!claim.isSealed(under: key))
    }

    @Test("no ticket holds the token's digest or a part of it")
    func digest() throws {
        let digest = SHA256Digest("app-0123456789abcdef".utf8).bytes
        let bytes = try #require(Base64.decodeURL(ticket.text(under: key)))
        for start in 0..<(digest.count - 3) {
            #expect(!bytes.contains(Array(digest[start..<start + 4])), "bytes from \(start)")
        }
    }
}
