//! Tables of text, aligned, in a form that documents can take as they are.

/// Columns with their titles; texts are aligned left, numbers right.
pub struct Table {
    titles: Vec<&'static str>,
    texts: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose first `texts` columns hold texts.
    pub fn new(texts: usize, titles: &[&'static str]) -> Table {
        Table { titles: titles.to_vec(), texts, rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([self.titles[column].chars().count()]).max().unwrap_or_default()
    }

    fn line(&self, cells: &[&str], widths: &[usize]) -> String {
        let cells = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if column < self.texts { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let widths: Vec<usize> = (0..self.titles.len()).map(|column| self.width(column)).collect();
        writeln!(f, "{}", self.line(&self.titles, &widths))?;
        let rules = widths.iter().enumerate().map(|(column, width)| {
            let dashes = "-".repeat(width + 1);
            if column < self.texts { format!("-{dashes}") } else { format!("{dashes}:") }
        });
        writeln!(f, "|{}|", rules.collect::<Vec<_>>().join("|"))?;
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            writeln!(f, "{}", self.line(&cells, &widths))?;
        }
        Ok(())
    }
}

/// A number with a sensible number of decimals.
pub fn number(value: f64) -> String {
    match value.abs() {
        size if 100.0 <= size => format!("{value:.0}"),
        size if 10.0 <= size => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A number, or a dash where there is none.
pub fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns are as wide as their widest cell.
    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(1, &["name", "ms"]);
        table.row(vec!["a long name".to_owned(), number(1234.56)]);
        table.row(vec!["b".to_owned(), optional(None)]);
        let lines =
            ["| name        |   ms |", "|-------------|-----:|", "| a long name | 1235 |", "| b           |    - |"];
        assert_eq!(table.to_string(), lines.map(|line| format!("{line}\n")).concat());
    }
}
