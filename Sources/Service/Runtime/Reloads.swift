import API
import Logging

/// Reads again what may have changed on disk, when a hang-up asks for it: tokens, credentials and the log level. Each source says by itself
/// what came of it, and one that cannot be used changes nothing.
struct Reloads: Sendable {
    let tokens: TokenReloader?
    /// Nil where AWS is not called.
    let aws: AWSAccess?
    let options: OptionsReloader?
    let logger: Logger

    /// Begins. Never blocks.
    func begin() {
        var subjects: [String] = []
        if aws != nil { subjects.append("the credentials") }
        if tokens != nil { subjects.append("the token file") }
        if options?.path != nil { subjects.append("the file of options") }
        let list = subjects.isEmpty ? "nothing" : subjects.joined(separator: ", ")
        logger.notice("SIGHUP: reading again \(list)")
        aws?.reload()
        tokens?.reread()
        options?.begin()
    }
}
