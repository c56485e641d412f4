//! The traits of the stages: one item in, one result out, with the batch handled here.
//!
//! Every method has a default. A stage that is exported but not written fails each item with the sentence that says what to
//! write, so that a plugin can grow stage by stage.

use crate::types::{
    ClientResponse, Context, Destination, Failure, HttpRequest, Inbound, Mapped, Outcome, Payload, Severities, Subject,
    Submission, Verdict,
};

/// Stage 1, interface `mapping`: from what came in to leads.
///
/// ```
/// use hookmill_plugin_sdk::types::{Context, Failure, Inbound, Mapped};
/// use hookmill_plugin_sdk::{Map, NewLead, testing};
///
/// #[derive(Default)]
/// struct Solar;
///
/// impl Map for Solar {
///     fn map(&self, _context: &Context, element: &Inbound) -> Result<Mapped, Failure> {
///         let mut body = element.object()?;
///         let lead = NewLead::new().email(body.take("mail")).keep_rest(&body);
///         Ok(lead.into())
///     }
/// }
///
/// let mapped = Solar.map(&testing::context(), &testing::inbound(r#"{"mail": "a@example.com", "roof": 3}"#)).unwrap();
/// assert_eq!(mapped.leads[0].as_ref().unwrap().lead, r#"{"email":"a@example.com","custom":{"roof":3}}"#);
/// ```
#[diagnostic::on_unimplemented(
    message = "`mapping` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Map`",
    label = "needs `impl Map for {Self}`",
    note = "write `impl hookmill_plugin_sdk::Map for {Self} {{ fn map(&self, context: &Context, element: &Inbound) -> \
            Result<Mapped, Failure> {{ … }} }}`, or take `mapping` out of `export!`"
)]
pub trait Map: Sized {
    /// Maps one element to any number of leads. A failure quarantines this element; its neighbours go on.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Map, testing};
    ///
    /// struct Unwritten;
    /// impl Map for Unwritten {}
    ///
    /// let failure = Unwritten.map(&testing::context(), &testing::inbound("{}")).unwrap_err();
    /// assert_eq!(failure.code, "not_implemented");
    /// assert_eq!(failure.message, "the plugin exports `mapping`, but its author wrote no `Map::map`");
    /// ```
    fn map(&self, context: &Context, element: &Inbound) -> Result<Mapped, Failure> {
        let _ = (context, element);
        Err(unwritten("mapping", "Map::map"))
    }

    /// Maps a batch: one result for each element, in their order. Write it when something is worth doing once a batch.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Map, testing};
    /// # struct Unwritten;
    /// # impl Map for Unwritten {}
    /// let elements = [testing::inbound("{}"), testing::inbound("{}")];
    /// assert_eq!(Unwritten.map_all(&testing::context(), &elements).len(), 2);
    /// ```
    fn map_all(&self, context: &Context, elements: &[Inbound]) -> Vec<Result<Mapped, Failure>> {
        elements.iter().map(|element| self.map(context, element)).collect()
    }
}

/// Stage 2, interface `enrichment`: the HTTP requests to make for a lead. The host makes them, and hands the responses to the later stages.
///
/// ```
/// use hookmill_plugin_sdk::types::{Context, Failure, HttpRequest, Submission};
/// use hookmill_plugin_sdk::{Enrich, testing};
///
/// #[derive(Default)]
/// struct Solar;
///
/// impl Enrich for Solar {
///     fn enrich(&self, _context: &Context, submission: &Submission) -> Result<Vec<HttpRequest>, Failure> {
///         let zip = submission.lead()?.zip().required_text()?;
///         Ok(vec![HttpRequest::get("roof", format!("https://roofs.example.com/v1/{zip}"))])
///     }
/// }
///
/// let requests = Solar.enrich(&testing::context(), &testing::submission(r#"{"zip": "78701"}"#)).unwrap();
/// assert_eq!(requests[0].url, "https://roofs.example.com/v1/78701");
/// ```
#[diagnostic::on_unimplemented(
    message = "`enrichment` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Enrich`",
    label = "needs `impl Enrich for {Self}`",
    note = "write `impl hookmill_plugin_sdk::Enrich for {Self} {{ fn enrich(&self, context: &Context, submission: \
            &Submission) -> Result<Vec<HttpRequest>, Failure> {{ … }} }}`, or take `enrichment` out of `export!`"
)]
pub trait Enrich: Sized {
    /// Names the requests for one lead; none is fine.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Enrich, testing};
    /// # struct Unwritten;
    /// # impl Enrich for Unwritten {}
    /// let failure = Unwritten.enrich(&testing::context(), &testing::submission("{}")).unwrap_err();
    /// assert!(failure.message.ends_with("no `Enrich::enrich`"));
    /// ```
    fn enrich(&self, context: &Context, submission: &Submission) -> Result<Vec<HttpRequest>, Failure> {
        let _ = (context, submission);
        Err(unwritten("enrichment", "Enrich::enrich"))
    }

    /// The requests of a batch: one result for each lead, in their order.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Enrich, testing};
    /// # struct Unwritten;
    /// # impl Enrich for Unwritten {}
    /// assert_eq!(Unwritten.enrich_all(&testing::context(), &[testing::submission("{}")]).len(), 1);
    /// ```
    fn enrich_all(&self, context: &Context, submissions: &[Submission]) -> Vec<Result<Vec<HttpRequest>, Failure>> {
        submissions.iter().map(|submission| self.enrich(context, submission)).collect()
    }
}

/// Stage 3, interface `qualification`: whether a lead goes on.
///
/// ```
/// use hookmill_plugin_sdk::types::{Context, FailedRule, Failure, Severities, Submission, Verdict};
/// use hookmill_plugin_sdk::{Qualify, testing};
///
/// #[derive(Default)]
/// struct Solar;
///
/// impl Qualify for Solar {
///     fn qualify(&self, _: &Context, _: Severities, submission: &Submission) -> Result<Verdict, Failure> {
///         let lead = submission.lead()?;
///         let served = lead.state().text().is_some_and(|state| state == "TX");
///         Ok(Verdict::of((!served).then(|| FailedRule::new("area", &lead.state(), "eq", "TX", "we serve Texas"))))
///     }
/// }
///
/// let check = |lead| Solar.qualify(&testing::context(), Severities::HARD, &testing::submission(lead)).unwrap();
/// assert!(check(r#"{"state": "TX"}"#).qualified);
/// assert_eq!(check(r#"{"state": "OK"}"#).failed[0].reason, "we serve Texas");
/// ```
#[diagnostic::on_unimplemented(
    message = "`qualification` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Qualify`",
    label = "needs `impl Qualify for {Self}`",
    note = "write `impl hookmill_plugin_sdk::Qualify for {Self} {{ fn qualify(&self, context: &Context, severities: \
            Severities, submission: &Submission) -> Result<Verdict, Failure> {{ … }} }}`, or take `qualification` out of \
            `export!`"
)]
pub trait Qualify: Sized {
    /// Checks one lead by the rules of these severities: hard ones before the first-submission action, soft ones after it, all at
    /// once where nothing stands between. Rules of other severities may be checked as well; their failures are left out.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Qualify, testing, types::Severities};
    /// # struct Unwritten;
    /// # impl Qualify for Unwritten {}
    /// let failure = Unwritten.qualify(&testing::context(), Severities::HARD, &testing::submission("{}")).unwrap_err();
    /// assert!(failure.message.ends_with("no `Qualify::qualify`"));
    /// ```
    fn qualify(&self, context: &Context, severities: Severities, submission: &Submission) -> Result<Verdict, Failure> {
        let _ = (context, severities, submission);
        Err(unwritten("qualification", "Qualify::qualify"))
    }

    /// Checks a batch: one verdict for each lead, in their order. Failed rules of other severities are left out, and so are soft
    /// ones beside hard ones.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Qualify, testing, types::Severities};
    /// # struct Unwritten;
    /// # impl Qualify for Unwritten {}
    /// assert_eq!(Unwritten.qualify_all(&testing::context(), Severities::SOFT, &[testing::submission("{}")]).len(), 1);
    /// ```
    fn qualify_all(
        &self,
        context: &Context,
        severities: Severities,
        submissions: &[Submission],
    ) -> Vec<Result<Verdict, Failure>> {
        let check =
            |submission| self.qualify(context, severities, submission).map(|verdict| verdict.limited_to(severities));
        submissions.iter().map(check).collect()
    }
}

/// Stage 4, interface `shaping`: what is sent.
///
/// ```
/// use hookmill_plugin_sdk::types::{Context, Destination, Failure, Payload, Subject};
/// use hookmill_plugin_sdk::{Shape, testing};
///
/// #[derive(Default)]
/// struct Solar;
///
/// impl Shape for Solar {
///     fn shape(&self, _: &Context, _: &Destination, subject: &Subject) -> Result<Payload, Failure> {
///         let submission = subject.submission().ok_or_else(|| Failure::new("no_lead", "there is no lead to send"))?;
///         let lead = submission.lead()?;
///         Ok(Payload::form([("mail", lead.email().required_text()?), ("source", "hookmill".into())]))
///     }
/// }
///
/// let subject = Subject::Submission(testing::submission(r#"{"email": "a@example.com"}"#));
/// let payload = Solar.shape(&testing::context(), &testing::destination(), &subject).unwrap();
/// assert_eq!(payload.body.unwrap(), b"mail=a%40example.com&source=hookmill");
/// ```
#[diagnostic::on_unimplemented(
    message = "`shaping` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Shape`",
    label = "needs `impl Shape for {Self}`",
    note = "write `impl hookmill_plugin_sdk::Shape for {Self} {{ fn shape(&self, context: &Context, destination: \
            &Destination, subject: &Subject) -> Result<Payload, Failure> {{ … }} }}`, or take `shaping` out of `export!`"
)]
pub trait Shape: Sized {
    /// Makes the exact message about one subject.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Shape, testing, types::Subject};
    /// # struct Unwritten;
    /// # impl Shape for Unwritten {}
    /// let subject = Subject::Submission(testing::submission("{}"));
    /// let failure = Unwritten.shape(&testing::context(), &testing::destination(), &subject).unwrap_err();
    /// assert!(failure.message.ends_with("no `Shape::shape`"));
    /// ```
    fn shape(&self, context: &Context, destination: &Destination, subject: &Subject) -> Result<Payload, Failure> {
        let _ = (context, destination, subject);
        Err(unwritten("shaping", "Shape::shape"))
    }

    /// The messages of a batch, all for one destination: one result for each subject, in their order.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Shape, testing, types::Subject};
    /// # struct Unwritten;
    /// # impl Shape for Unwritten {}
    /// let subjects = [Subject::Submission(testing::submission("{}"))];
    /// assert_eq!(Unwritten.shape_all(&testing::context(), &testing::destination(), &subjects).len(), 1);
    /// ```
    fn shape_all(
        &self,
        context: &Context,
        destination: &Destination,
        subjects: &[Subject],
    ) -> Vec<Result<Payload, Failure>> {
        subjects.iter().map(|subject| self.shape(context, destination, subject)).collect()
    }
}

/// Stage 5, interface `interpretation`: what a client's response means.
///
/// ```
/// use hookmill_plugin_sdk::types::{ClientResponse, Context, Destination, Failure, Outcome};
/// use hookmill_plugin_sdk::{Interpret, testing};
///
/// #[derive(Default)]
/// struct Solar;
///
/// impl Interpret for Solar {
///     fn interpret(&self, _: &Context, _: &Destination, response: &ClientResponse) -> Result<Option<Outcome>, Failure> {
///         Ok(response.text().contains("DUPLICATE").then(Outcome::duplicate))
///     }
/// }
///
/// let response = testing::client_response(200, "ERR DUPLICATE");
/// let outcome = Solar.interpret(&testing::context(), &testing::destination(), &response).unwrap();
/// assert_eq!(outcome, Some(Outcome::duplicate()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`interpretation` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Interpret`",
    label = "needs `impl Interpret for {Self}`",
    note = "write `impl hookmill_plugin_sdk::Interpret for {Self} {{ fn interpret(&self, context: &Context, destination: \
            &Destination, response: &ClientResponse) -> Result<Option<Outcome>, Failure> {{ … }} }}`, or take \
            `interpretation` out of `export!`"
)]
pub trait Interpret: Sized {
    /// Interprets one response. None leaves it to the host: 2xx is accepted; 408, 425, 429, 5xx and no response are retry; all
    /// else is failed.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Interpret, testing};
    /// # struct Unwritten;
    /// # impl Interpret for Unwritten {}
    /// let response = testing::client_response(200, "");
    /// let failure = Unwritten.interpret(&testing::context(), &testing::destination(), &response).unwrap_err();
    /// assert!(failure.message.ends_with("no `Interpret::interpret`"));
    /// ```
    fn interpret(
        &self,
        context: &Context,
        destination: &Destination,
        response: &ClientResponse,
    ) -> Result<Option<Outcome>, Failure> {
        let _ = (context, destination, response);
        Err(unwritten("interpretation", "Interpret::interpret"))
    }

    /// Interprets a batch of one destination: one result for each response, in their order.
    ///
    /// ```
    /// use hookmill_plugin_sdk::{Interpret, testing};
    /// # struct Unwritten;
    /// # impl Interpret for Unwritten {}
    /// let responses = [testing::client_response(200, "")];
    /// assert_eq!(Unwritten.interpret_all(&testing::context(), &testing::destination(), &responses).len(), 1);
    /// ```
    fn interpret_all(
        &self,
        context: &Context,
        destination: &Destination,
        responses: &[ClientResponse],
    ) -> Vec<Result<Option<Outcome>, Failure>> {
        responses.iter().map(|response| self.interpret(context, destination, response)).collect()
    }
}

/// Interface `lifecycle`: tables that every instance needs, built once before the host takes its snapshot.
///
/// ```
/// use std::cell::OnceCell;
///
/// use hookmill_plugin_sdk::Prepare;
///
/// thread_local! { static STATES: OnceCell<Vec<&'static str>> = const { OnceCell::new() } }
///
/// struct Solar;
///
/// impl Prepare for Solar {
///     fn prepare() {
///         STATES.with(|states| states.get_or_init(|| vec!["AZ", "TX"]).len());
///     }
/// }
///
/// Solar::prepare();
/// assert_eq!(STATES.with(|states| states.get().map(Vec::len)), Some(2));
/// ```
#[diagnostic::on_unimplemented(
    message = "`lifecycle` is exported, but `{Self}` does not implement `hookmill_plugin_sdk::Prepare`",
    label = "needs `impl Prepare for {Self}`",
    note = "write `impl hookmill_plugin_sdk::Prepare for {Self} {{ fn prepare() {{ … }} }}`, or take `lifecycle` out of \
            `export!`"
)]
pub trait Prepare: Sized {
    /// Builds the tables. It may read nothing that differs from run to run; no configuration is loaded yet.
    ///
    /// ```
    /// # struct Solar;
    /// # impl hookmill_plugin_sdk::Prepare for Solar { fn prepare() {} }
    /// use hookmill_plugin_sdk::Prepare;
    /// Solar::prepare();
    /// ```
    fn prepare();
}

fn unwritten(interface: &str, method: &str) -> Failure {
    Failure::new("not_implemented", format!("the plugin exports `{interface}`, but its author wrote no `{method}`"))
}
