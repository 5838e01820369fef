import API
import Logging

/// Reads again what may have changed on disk, when a hang-up asks for it: tokens, credentials and the log level. Each source says by itself
/// what came of it, and one that cannot be used changes nothing.
struct Reloads: Sendable {
    let tokens: TokenReloader?
    let aws: AWSAccess
    let options: OptionsReloader?
    let logger: Logger

    /// Begins. Never blocks.
    func begin() {
        var subjects = ["the credentials"]
        if tokens != nil { subjects.append("the token file") }
        if options?.path != nil { subjects.append("the file of options") }
        logger.notice("SIGHUP: reading again \(subjects.joined(separator: ", "))")
        aws.reload()
        tokens?.reread()
        options?.begin()
    }
}
