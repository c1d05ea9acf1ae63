/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */
!function(A){var j,i,s,c,q,a,l,u,f,d,m,p,v,D,J,h;function g(e,n,t){e.addEventListener?e.addEventListener(n,t,!1
):e.attachEvent&&e.attachEvent("on"+n,t)}function y(e,n){for(var t=0;t<e.length;t++)n(e[t])}function b(e,n){for(
var t=0;e[t];)t++;return e[t]=n,t}function w(e){try{return A.JSON?A.JSON.parse(e):new Function("return "+e)()}catch(n){
return null}}function T(){return"hidden"!==j.visibilityState}function _(e){return e.protocol+"//"+e.host.replace(
/:(80|443)$/,"")}function G(){return A.XMLHttpRequest?new A.XMLHttpRequest:new A.ActiveXObject("Microsoft.XMLHTTP")}
function S(e,n,t,r){var o=G(),c=b(s,o);return o.open(e,n,!0),o.onreadystatechange=function(){4===o.readyState&&(s[c
]=null),r&&2<o.readyState&&r(o)},o.send(t),o}function V(e,n){try{S("POST",e,n)}catch(o){n=e,t=j.createElement("div"),
r="foreverframe"+String(Math.random()).substring(2),t.style.display="none",
t.innerHTML='<iframe name="'+r+'"></iframe><form method="post" target="'+r+'"></form>',j.body.appendChild(t),
t.lastChild.action=n,t.lastChild.submit(),setTimeout(function(){j.body.removeChild(t)},c)}var t,r}function t(e){
return e.replace(/[^.]*$/,"")}function z(e,n){return null!==e&&null!==n&&t(e)===t(n)&&e<=n}function L(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function M(){try{return A.localStorage||null}catch(e){
return null}}function K(e,n){var t=M(),r=f[e];try{r=r||t&&t.getItem(u+e)}catch(o){}return 0<(t=r?r-(new Date).getTime(
):0)&&t<=n?t:0}function Q(e,n){var t=M();f[e]=n&&(new Date).getTime()+n;try{n?t.setItem(u+e,String(f[e])):t.removeItem(
u+e)}catch(r){}}function Y(e,o){var n,c=String(Math.random()),t=!1,r=0,s=p-1,i=function(t,n){var r,o;function e(e){
e.key===t&&e.newValue&&n(w(e.newValue))}try{if(A.BroadcastChannel)return(r=new A.BroadcastChannel(t)
).onmessage=function(e){n(e.data)},{say:function(e){r.postMessage(e)},close:function(){r.close()}};if((o=A.localStorage
).setItem(t,""),A.addEventListener)return A.addEventListener("storage",e,!1),{say:function(e){try{o.setItem(t,
A.JSON.stringify(e))}catch(n){}},close:function(){A.removeEventListener("storage",e,!1)}}}catch(c){}return null}(e,
function(e){i&&e.from!==c&&("hello"===e.kind?t&&a("beat"):"bye"===e.kind?s=p:t&&!function(e){return e.visible===T(
)?e.from<c:e.visible}(e)?a("beat"):(t&&(t=!1,o.release()),s=T()&&!e.visible?p:0,o.follow(e)))});function a(e,n,t){
var r={from:c,kind:e,visible:T(),event:n,before:t};o.describe(r),i.say(r)}return i?(n=setInterval(function(){r++,
t?r%m==0&&a("beat"):++s>(T()?p:v)&&(t=!0,a("beat"),o.hold())},d),a("hello"),{isHolding:function(){return t},
tell:function(e,n){t&&a("event",e,n)},leave:function(){clearInterval(n),t&&a("bye"),i.close(),i=null}}):null}function Z(
e,n){return 0<e?Number(e):n}A.foreverframe||(j=A.document,i=A.location,s=[],c=1e4,a=[],(q={}).frame=function(e){var n,
t=e.origin!==_(i),r=t?j:function(){try{return l||((l=new A.ActiveXObject("htmlfile")).open(),l.write(
"<html><body></body></html>"),l.close(),l.parentWindow.foreverframe=h),l.body?l:j}catch(e){return j}}(),
o=r.createElement("iframe"),c=b(a,e),s="push"+(c||"");h[s]=function(e){clearInterval(n),a[c]&&a[c].receive(e)},
e.stop=function(){clearInterval(n),a[c]=null,setTimeout(function(){r.body.removeChild(o)},0)},t?e.isSource=function(e){
return e===o.contentWindow}:e.sign=function(){var e=o;try{
return A.addEventListener?e.contentWindow.document.documentElement.innerHTML.length:NaN}catch(n){return NaN}},
!t&&A.addEventListener&&(n=setInterval(function(){!function(e){try{return!e.contentWindow.document}catch(n){return 1}}(o
)||e.end()},250)),g(o,"load",function(){e.end(function(e){var n;try{
return n=e.contentWindow.document.getElementsByTagName("script"),w(/\{"type":"error".*\}/.exec(n[n.length-1].text)[0])
}catch(t){return null}}(o))}),o.style.display="none",o.src=e.url(t?"&origin="+encodeURIComponent(_(i)
):"&callback=parent.foreverframe."+s),r.body.appendChild(o)},g(A,"message",function(n){y(a,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(w(n.data))})}),q.poll=function(t){var r,o=null;
function c(e){var n="&wait="+e+(o?"&stream="+encodeURIComponent(o):"");t.limit(1e3*e),r=S("GET",t.url(n),null,function(e
){var n;4===e.readyState&&(e=w(e.responseText),(n=e&&e.messages)?(e.stream!==o&&(o=e.stream,t.receive({type:"open",
stream:o,cursor:n.length?null:e.cursor,close:"streams/"+o+"/close"})),y(e.gaps,t.receive),y(n,t.receive),t.receive({
type:"cursor",cursor:e.cursor}),e.reason?t.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):t.isOnce&&!n.length?t.end():t.isLive()&&c(t.isOnce?0:25)):t.end(L(e)))})}t.isUnwatched=!0,
t.stop=function(){r.abort()},c(0)},q.ndjson=function(r){var o=0,e=S("GET",r.url(""),null,function(e){
var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,r.signs=n.length,y(t,function(e){r.receive(
w(e))}),4===e.readyState?r.end(L(w(n))):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})});
r.stop=function(){e.abort()}},q.sse=function(n){var t=new A.EventSource(n.url(""));y(["message","ff-open","ff-cursor",
"ff-gap","ff-close"],function(e){t.addEventListener(e,function(e){n.receive(w(e.data))})}),t.onerror=function(){n.end()}
,n.isUnwatched=!0,n.stop=function(){t.close()}},u="foreverframe.path ",f={},d=250,p=8,v=10,m=4,D=!(q.ws=function(n){
var e=new A.WebSocket(n.url("").replace(/^http/,"ws"));e.onmessage=function(e){n.receive(w(e.data))},e.onclose=function(
){n.end()},n.stop=function(){e.close()}}),J=[],h={open:function(o){n=(o.url||"")+"stream",t=j.createElement("div"),(
e=j.createElement("a")).href=n,A.addEventListener||(t.innerHTML='<a href="'+n.replace(/&/g,"&amp;").replace(/"/g,
"&quot;")+'"></a>',e=t.firstChild);var e,s,n,t=e,i=t.href,a=_(t),l=!o.transport||"auto"===o.transport,r=Z(o.retryMs,5e3)
,u=Z(o.silentMs,4e4)/4,f=Z(o.frameAgainMs,6e5),d=null,m=null,p=0,v=0,h=f/16,c=null,g=!1,y={},b={state:"connecting",
cursor:null,stream:null,transport:null,close:function(){M()||"closing"===b.state||(!d||d.isOnce?O("client"):(I(m),V(
d.closeUrl,""),L(2e3,function(){O("client")}),S("closing",{})))},ack:function(){d&&!d.isOnce&&null!==b.cursor&&V(
d.closeUrl.replace(/close$/,"ack"),'{"cursor":"'+b.cursor+'"}')}},w={begin:F,hide:function(){d&&!function(e){var n;try{
A.navigator.sendBeacon&&A.navigator.sendBeacon(e,"")||((n=G()).open("POST",e,!1),n.send(""))}catch(t){}}(d.closeUrl);
g=!0,U()},show:function(){g&&(g=!1,"closing"===b.state?O("client"):F())}};function T(e,n,t){if(o[e])try{o[e](n,t)}catch(
r){setTimeout(function(){throw r},0)}}function S(e,n){T("onstate",b.state=e,y=n)}function L(e,n){clearTimeout(s),
s=setTimeout(n,e)}function M(){return"closed"===b.state||"refused"===b.state}function E(e,n,t){U(),function(e){var n;
for(n=0;n<J.length;n++)if(J[n]===e)return J.splice(n,1)}(w),S(e,n),T(t,n)}function O(e){E("closed",{type:"close",
reason:e,reconnect:!1,retryMs:0,cursor:b.cursor},"onclose")}function U(){clearTimeout(s),I(m),I(d),c&&(c.leave(),c=null)
}function I(e){e&&(clearTimeout(e.timer),e===m&&(m=null),e===d&&(d=null,b.stream=null),e.stop&&(e.stop(),e.stop=null),
e.isOnce)&&e.closeUrl&&V(e.closeUrl,"")}function k(e){var n="?transport="+e+"&channels="+encodeURIComponent(String(
o.channels));return null!==b.cursor?n+="&after="+encodeURIComponent(b.cursor):o.after?n+="&after="+encodeURIComponent(
o.after):o.last&&(n+="&last="+encodeURIComponent(o.last)),o.client&&(n+="&client="+encodeURIComponent(o.client)),n}
function C(n,e,t){var c={transport:n,origin:a,isOnce:t,signs:0,looks:0,silentLooks:0,url:function(e){return i+k(n)+e},
isLive:function(){return c===d||c===m},receive:function(e){var n,t,r;c.signs++,e&&c.isLive()&&(r=c,"open"===(e=e).type?(
t=e,(n=r)!==d&&I(d),m=null,p=0,(d=n).closeUrl=i.replace(/stream$/,"")+t.close,b.stream=n.isOnce?null:t.stream,
b.transport=n.isOnce?"shared":n.transport,P(t.cursor),clearTimeout(n.timer),clearTimeout(s),
n.isUnwatched?l&&!n.isOnce&&(K(a,f)||Q(a,h),x()):function o(e){var n=e.sign?e.sign():e.signs;e.looks++;
e.silentLooks=n===e.lastSign?e.silentLooks+1:0;e.lastSign=n;16<e.looks&&(v=0,h=f/16);e.silentLooks<4?e.timer=setTimeout(
function(){o(e)},u):(v++,H(e,null,"silent"))}(n),"frame"===n.transport&&Q(a,0),S("open",t),T("onopen",t)
):"error"===e.type?H(r,e):r===d&&B(e))},end:function(e){c.isLive()&&H(c,e,c===d?"cut":"failed")},limit:function(e){
clearTimeout(c.timer),c.timer=setTimeout(function(){H(c,null,"silent")},e+u)}};I(m),(m=c).limit(0);try{q[n](c)}catch(r){
setTimeout(function(){c.end({type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+n+'" ('+r.message+'): take "auto" instead',reconnect:!1})},0)}d||S("connecting",{
transport:n,reason:e||null})}function R(){l?K(a,f)?C("poll","remembered"):C("frame"):C(o.transport)}function N(e,n){
var t=e;0<e||(t=Math.min(r*Math.pow(2,p),Math.max(r,6e4)),t=Math.round(t*(.75+Math.random()/2))),p++,L(t,R),S("lost",{
retryMs:t,reason:n})}function H(e,n,t){var r=e===d,o=l&&"frame"===e.transport;I(e),e.isOnce||("closing"===b.state?O(
"client"):d?(Q(a,h),x()):n?(e=n).reconnect?(N(0,e.code),T("onerror",e)):(W(e),E("refused",e,"onerror")):o&&(!r||1<v)?(
v=0,C("poll",t)):(r||Q(a,0),N(0,t)))}function x(){L(K(a,f),function(){h=Math.min(2*h,f),C("frame","again")})}function P(
e){return null!==e&&!z(e,b.cursor)&&(b.cursor=e,1)}function W(e,n){c&&c.tell(e,n)}function B(e){var n=b.cursor;
"message"===e.type?P(e.id)&&(W(e,n),T("onmessage",e)):"cursor"===e.type?P(e.cursor)&&W(e,n):"gap"===e.type?(W(e,n),T(
"ongap",e)):"close"===e.type&&(e=e,n=d,"closing"===b.state?O(e.reconnect?"client":e.reason
):e.reconnect?"recycle"===e.reason?(d=null,C(n.transport,"recycle"),I(n)):(I(n),N(e.retryMs,e.reason)):(W(e,b.cursor),E(
"closed",e,"onclose")))}function F(){(c=o.share?Y("foreverframe "+i+k("shared"),{describe:function(e){e.state=b.state,
e.detail=y,e.cursor=b.cursor},hold:R,release:X,follow:$}):c)||R()}function X(){clearTimeout(s),d&&V(d.closeUrl,""),I(m),
I(d),b.transport="shared"}function $(e){var n=e.event;!n||"close"!==n.type&&"error"!==n.type?(n&&z(e.before,b.cursor
)&&B(n),M()||m||d||("open"!==e.state||z(e.cursor,b.cursor)?e.state!==b.state&&/^(connecting|open|lost)$/.test(e.state
)&&S(e.state,e.detail):C("poll","shared",!0))):E("close"===n.type?"closed":"refused",n,
"close"===n.type?"onclose":"onerror")}if(l||q[o.transport])return n=w,J[J.length]=n,D&&n.begin(),b;throw new Error(
'foreverframe: there is no transport "'+o.transport+'"')}},"complete"===j.readyState?D=!0:g(A,"load",function(){
setTimeout(function(){D=!0,y(J.slice(0),function(e){e.begin()})},50)}),g(A,"onpagehide"in A?"pagehide":"unload",
function(){y(J.slice(0),function(e){e.hide()})}),g(A,"pageshow",function(e){e.persisted&&y(J.slice(0),function(e){
e.show()})}),A.foreverframe=h)}(window);
