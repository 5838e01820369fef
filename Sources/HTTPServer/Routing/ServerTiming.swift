/// The field that tells a client where its time went (W3C Server Timing).
enum ServerTiming {
    /// Appends `Server-Timing: app;dur=M.mmm`, in milliseconds.
    static func appendField(nanoseconds: Int64, to output: OutputBuffer) {
        let microseconds = Int(max(0, nanoseconds) / 1000)
        output.append("Server-Timing: app;dur=")
        output.append(decimal: microseconds / 1000)
        let fraction = microseconds % 1000
        output.append(fraction < 10 ? ".00" : fraction < 100 ? ".0" : ".")
        output.append(decimal: fraction)
        output.append("\r\n")
    }
}
