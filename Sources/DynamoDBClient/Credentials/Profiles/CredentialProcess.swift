import Basics
import Glibc

/// The keys that a program writes: `credential_process` of a profile (AWS SDKs and Tools Reference Guide, "Process credential provider").
///
/// The program is run at each load, without a shell and with an empty standard input, and is killed at
/// `DynamoDBClientLimits.credentialProcessTime`.
final class CredentialProcess: CredentialsSource, CustomReflectable {
    private let command: String
    private let profile: String
    private let context: CredentialsContext
    /// The program is waited for here, and on no thread that tasks share.
    private let queue = FileQueue()

    /// Runs `command`, the property's value, for `profile`.
    init(command: String, profile: String, context: CredentialsContext) {
        self.command = command
        self.profile = profile
        self.context = context
    }

    /// Runs the program. A failure of it may pass, so it is `transient`; a line that cannot be run and an output of another form are not.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let process = try process()
        let name = Excerpt.of(process.words.first ?? "")
        let outcome = try await queue.run { [self] () throws(DynamoDBError) in
            do throws(ChildProcess.NotStarted) { return try process.run() } catch {
                throw notStarted(name, error.number)
            }
        }
        try checkEnding(outcome, name)
        let output: ProcessOutput
        do throws(ProcessOutput.Defect) { output = try ProcessOutput(outcome.output) } catch {
            throw fault("InvalidProcessOutput", "\"\(name)\" failed: \(error.reason)", hint: Self.formHint)
        }
        if let end = output.expiresAt, end <= context.clock.milliseconds {
            throw fault(
                "ExpiredProcessCredentials",
                "the keys of \"\(name)\" expired at \(Timestamp.text(end))",
                hint: "Renew the login that the program depends on, and check this machine's clock.",
                kind: .transient
            )
        }
        return LoadedCredentials(output.credentials, expiresAt: output.expiresAt, source: source)
    }

    private var source: String { "process of profile \(profile)" }

    private func process() throws(DynamoDBError) -> ChildProcess {
        func invalid(_ reason: String) -> DynamoDBError {
            fault(
                "InvalidProcess",
                "the line credential_process of the profile cannot be run: \(reason)",
                hint: "Write the program and its arguments, with quotes around those that have spaces."
            )
        }
        let words: [String]
        do throws(CommandWords.Failure) { words = try CommandWords.split(command) } catch {
            throw invalid(error.reason)
        }
        guard let name = words.first, !name.isEmpty else { throw invalid("it names no program") }
        guard !command.utf8.contains(0) else { throw invalid("it has a NUL") }
        return ChildProcess(
            words: words,
            environment: context.environment,
            outputBytes: context.limits.credentialsResponseBytes,
            complaintBytes: 4_096,
            timeLimit: context.limits.credentialProcessTime
        )
    }

    private func checkEnding(_ outcome: ChildProcess.Outcome, _ name: String) throws(DynamoDBError) {
        let happened: String
        switch outcome.ending {
        case .exited(0), .unknown: return
        case .exited(let status): happened = "ended with status \(status)"
        case .signalled(let number): happened = "was ended by signal \(number) (\(String(cString: strsignal(number))))"
        case .overdue:
            happened = "did not end within \(context.limits.credentialProcessTime.wholeSeconds) s and was killed"
        case .tooMuchOutput:
            throw fault(
                "InvalidProcessOutput",
                "\"\(name)\" failed: it wrote more than \(context.limits.credentialsResponseBytes) bytes to standard output",
                hint: Self.formHint
            )
        }
        throw fault(
            "ProcessFailed",
            "\"\(name)\" \(happened). \(complaint(outcome))",
            hint: "Run the program by hand as this user, with `< /dev/null`: it must ask for nothing.",
            kind: .transient
        )
    }

    /// The last line of standard error, which is where programs say what was wrong.
    private func complaint(_ outcome: ChildProcess.Outcome) -> String {
        let lines = String(decoding: outcome.complaint, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let line = lines.last(where: { !$0.trimmed().isEmpty }) else {
            return "It wrote nothing to standard error"
        }
        // Before it is cut: a half of a secret is not found.
        let shown = Redaction.of(String(line.trimmed()), secrets: secrets(outcome))
        return "It wrote: \(Excerpt.of(shown, context.limits.messageCharacters))"
    }

    /// Secrets that the program knows: those in the environment, and the strings that it wrote to standard output.
    private func secrets(_ outcome: ChildProcess.Outcome) -> [String] {
        let variables = context.environment.filter { name, _ in
            !name.hasSuffix("_FILE") && ["SECRET", "TOKEN", "PASSWORD", "_KEY"].contains { name.contains($0) }
        }
        let strings = String(decoding: outcome.output, as: UTF8.self).split(separator: "\"").map(String.init)
        return variables.values
            + strings.filter { !ProcessOutput.names.contains($0) && !$0.contains(where: \.isWhitespace) }
    }

    private func notStarted(_ name: String, _ number: Int32) -> DynamoDBError {
        fault(
            "ProcessNotStarted",
            "\"\(name)\" cannot be run: \(String(cString: strerror(number)))",
            hint:
                "Give the full path of a program that this user may run. No shell reads the line, so ~ and variables stay.",
            kind: [EAGAIN, ENOMEM, EMFILE, ENFILE, ECANCELED].contains(number) ? .transient : .accessDenied
        )
    }

    private static let formHint =
        "The program must write one JSON object with Version 1, AccessKeyId, SecretAccessKey, and SessionToken and Expiration "
        + "for temporary keys."

    private func fault(
        _ code: DynamoDBError.Code,
        _ message: String,
        hint: String,
        kind: DynamoDBError.Kind = .accessDenied
    ) -> DynamoDBError {
        .configuration(subject: source, code: code, message: message, hint: hint, kind: kind)
    }

    /// No children: `dump` shows neither the line nor the environment.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .class) }
}
